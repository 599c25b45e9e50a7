import { computed } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { fixed, inUnit } from '../format/measures.js';
import { spanText } from '../format/spans.js';
import { type Condition, conditionsOf, silentMetric } from '../lab/condition.js';
import { ConditionIcon } from '../lab/condition-icon.js';
import type { Lab } from '../lab/lab.js';
import { LabName } from '../lab/lab-name.js';
import { NO_LIMITS } from '../lab/limits.js';
import { labNow, now, useShown } from '../live/live-labs.js';
import { usePaced } from '../live/paced.js';
import { locale, unit, words } from '../settings/settings.js';
import { hrefWith, labHref } from '../shell/place.js';
import { type RecentPoint, recentOf } from './recent.js';
import { isGrouped } from './rows.js';
import { Sparkline } from './sparkline.js';

export const TILE_HEIGHT = 96;

/** What of the URL goes along to the page of a lab; the same for all of them. */
const queryOfLabs = computed(() =>
  hrefWith({ q: undefined, show: undefined, group: undefined, order: undefined }, ''),
);

const NO_POINTS: readonly RecentPoint[] = [];

/** A lab at a glance: what it says, whether that is all right, how old it is, and how it came there. */
export function Tile({ id }: { readonly id: string }) {
  useShown(id);
  const seen = usePaced(() => ({ lab: labNow(id), nowMs: now.value }));
  const lab = seen?.lab;
  const recent = seen === undefined ? NO_POINTS : recentOf(id, seen.nowMs);
  const { temp: tempLimits, humidity: humidityLimits } = lab?.limits ?? NO_LIMITS;
  // The same as long as nothing in it changes: then it is not drawn again with each observation.
  const sparks = useMemo(
    () => (
      <div class="tile-sparks">
        <Sparkline points={recent} metric="temp" limits={tempLimits} spanMin={2} />
        <Sparkline points={recent} metric="humidity" limits={humidityLimits} spanMin={10} />
      </div>
    ),
    [recent, tempLimits.min, tempLimits.max, humidityLimits.min, humidityLimits.max],
  );
  // It has its place before its turn comes.
  if (seen === undefined) return <article class="tile" />;
  if (lab === undefined) return null;
  const { nowMs } = seen;
  const conditions = conditionsOf(lab, nowMs);
  const [worst] = conditions;
  const isOld = lab.atMs === undefined || nowMs - lab.atMs > lab.silentAfterMs;
  return (
    <article class="tile" data-condition={worst}>
      <a href={labHref(id) + queryOfLabs.value} data-page>
        <LabName lab={lab} isGrouped={isGrouped.value} />
      </a>
      <p class="tile-values" data-old={isOld}>
        <Value condition={side(conditions, 'too_warm', 'too_cold')}>
          {fixed(lab.temp === null ? null : inUnit(lab.temp, unit.value.value), 1, locale.value)}
          {lab.temp !== null && <small>°{unit.value.value}</small>}
        </Value>
        <Value condition={side(conditions, 'too_damp', 'too_dry')}>
          {fixed(lab.humidity, 0, locale.value)}
          {lab.humidity !== null && <small>%</small>}
        </Value>
      </p>
      {sparks}
      <p class="tile-state">
        <ConditionIcon condition={worst} />
        <span>{stateText(lab, conditions, nowMs)}</span>
        {!isOld && <time>{spanText(nowMs - lab.atMs!)}</time>}
      </p>
    </article>
  );
}

function Value(props: {
  readonly condition: Condition | undefined;
  readonly children: preact.ComponentChildren;
}) {
  return <span data-condition={props.condition}>{props.children}</span>;
}

function side(conditions: readonly Condition[], ...wanted: readonly Condition[]): Condition | undefined {
  return conditions.find((condition) => wanted.includes(condition));
}

/** All that holds of a lab, in words. */
export function stateText(lab: Lab, conditions: readonly Condition[], nowMs: number): string {
  const { condition, silentFor, metric } = words.value;
  return conditions
    .map((one) => {
      if (one !== 'silent') return condition[one];
      const name = silentMetric(lab, nowMs);
      if (lab.atMs === undefined || nowMs - lab.atMs > lab.silentAfterMs || name === undefined)
        return silentFor(spanText(nowMs - (lab.atMs ?? nowMs)));
      return `${metric[name]} ${silentFor(spanText(nowMs - lab[`${name}AtMs`]!))}`;
    })
    .join(', ');
}
