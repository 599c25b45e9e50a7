import '../style/wall.css';
import { useEffect, useState } from 'preact/hooks';
import { fixed, inUnit } from '../format/measures.js';
import { moment } from '../format/moments.js';
import { spanText } from '../format/spans.js';
import { conditionsOf } from '../lab/condition.js';
import { ConditionIcon } from '../lab/condition-icon.js';
import { LabName } from '../lab/lab-name.js';
import { heardMs, labCount, labNow, link, now, useShown } from '../live/live-labs.js';
import { usePaced } from '../live/paced.js';
import { counts, rows } from '../overview/rows.js';
import { stateText } from '../overview/tile.js';
import { clockPlace, locale, unit, words } from '../settings/settings.js';
import { LinkState } from '../shell/header.js';
import { hrefWith } from '../shell/place.js';
import { useWakeLock } from './use-wake-lock.js';
import { wallLayout, wallTurns } from './wall-layout.js';

const LEAST = { width: 170, height: 104 };
const HEAD_HEIGHT = 84;
const MARGIN = 14;
const TURN_MS = 12_000;

/** `/wall`: every lab, as big as the screen lets them be. Nobody has to touch it, for weeks. */
export function WallPage() {
  const { wall, labs: labsWord } = words.value;
  const [size, setSize] = useState({ width: window.innerWidth, height: window.innerHeight });
  useEffect(() => {
    const measure = () => setSize({ width: window.innerWidth, height: window.innerHeight });
    window.addEventListener('resize', measure);
    return () => window.removeEventListener('resize', measure);
  }, []);
  useWakeLock();
  const ids = rows.value.flatMap((section) => section.ids);
  const trouble = counts.value.get('trouble') ?? 0;
  const [width, height] = [size.width - MARGIN, size.height - HEAD_HEIGHT - MARGIN];
  const most = wallLayout(Infinity, width, height, LEAST);
  const { pages, always, inTurn } = wallTurns(ids.length, trouble, most.columns * most.rows);
  const page = Math.floor(now.value / TURN_MS) % pages;
  const begin = always + page * inTurn;
  const shown = [...ids.slice(0, always), ...ids.slice(begin, begin + inTurn)];
  const { columns, rows: lines } = wallLayout(always + inTurn, width, height, LEAST);
  const count = (value: number) => fixed(value, 0, locale.value);
  return (
    <main class="wall" id="content" data-link={link.value.state}>
      <header>
        <h1 data-condition={trouble === 0 ? 'fine' : 'too_warm'}>
          <ConditionIcon condition={trouble === 0 ? 'fine' : 'too_warm'} />
          {trouble === 0
            ? wall.allFine(labsWord(labCount.value, count(labCount.value)))
            : wall.trouble(trouble, count(trouble), labsWord(labCount.value, count(labCount.value)))}
        </h1>
        {pages > 1 && <span>{wall.page(page + 1, pages)}</span>}
        <span class="wall-updated">
          {link.value.state === 'live' && heardMs.value !== undefined ? (
            wall.updated(spanText(now.value - heardMs.value))
          ) : (
            <LinkState />
          )}
        </span>
        <time>{moment(now.value, 'time', clockPlace.value)}</time>
        <a href={hrefWith({}, '/')} data-page>
          {wall.leave}
        </a>
      </header>
      <div
        class="wall-tiles"
        style={{
          gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
          gridTemplateRows: `repeat(${lines}, minmax(0, 1fr))`,
        }}
      >
        {shown.map((id) => (
          <WallTile key={id} id={id} />
        ))}
      </div>
    </main>
  );
}

function WallTile({ id }: { readonly id: string }) {
  useShown(id);
  const seen = usePaced(() => ({ lab: labNow(id), nowMs: now.value }));
  if (seen === undefined) return <article class="wall-tile" />;
  const { lab, nowMs } = seen;
  if (lab === undefined) return null;
  const conditions = conditionsOf(lab, nowMs);
  const [worst] = conditions;
  return (
    <article class="wall-tile" data-condition={worst}>
      <h2>
        <LabName lab={lab} />
      </h2>
      <p class="wall-values numbers">
        <b data-condition={conditions.find((one) => one === 'too_warm' || one === 'too_cold')}>
          {fixed(lab.temp === null ? null : inUnit(lab.temp, unit.value.value), 1, locale.value)}
          {lab.temp !== null && '°'}
        </b>
        <span data-condition={conditions.find((one) => one === 'too_damp' || one === 'too_dry')}>
          {fixed(lab.humidity, 0, locale.value)}
          {lab.humidity !== null && '%'}
        </span>
      </p>
      <p class="wall-state">
        <ConditionIcon condition={worst} />
        {stateText(lab, conditions, nowMs)}
      </p>
    </article>
  );
}
