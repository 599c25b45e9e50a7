import '../style/hours.css';
import { useMemo } from 'preact/hooks';
import { moment, startOfDay, wallClock } from '../format/moments.js';
import { parseTime } from '../format/parse-time.js';
import { hasLimits } from '../lab/limits.js';
import { labs, now } from '../live/live-labs.js';
import { rows, search } from '../overview/rows.js';
import { VirtualGrid } from '../overview/virtual-grid.js';
import { clockPlace, words, zone } from '../settings/settings.js';
import { parameter, setParameters } from '../shell/place.js';
import { COLOUR_MODES } from './cell-colour.js';
import { moveByArrows } from './cell-keys.js';
import { HourRow } from './hour-row.js';
import { Legend } from './legend.js';

const HOUR_MS = 3_600_000;
const DAYS = [1, 2, 3, 7] as const;
/** For values, which have no limits to scale by. */
const SCALES = { range: { from: 0, to: 1 }, temp: { from: 16, to: 28 }, humidity: { from: 20, to: 70 } };

/** `/hours`: labs down, hours across. */
export function HoursPage() {
  const { hours: said, overview } = words.value;
  const isLimited = labs.value.some(({ limits }) => hasLimits(limits.temp) || hasLimits(limits.humidity));
  const mode = COLOUR_MODES.find((one) => one === parameter('colour')) ?? (isLimited ? 'range' : 'temp');
  const days = DAYS.find((one) => String(one) === parameter('days')) ?? 1;
  const day = parameter('day');
  const hourMs = Math.floor(now.value / HOUR_MS) * HOUR_MS;
  const starts = useMemo(() => hourStarts(day, days, hourMs), [day, days, hourMs, zone.value.value]);
  const height = starts.length > 100 ? 22 : 26;
  return (
    <div class="hours-page">
      <div class="page-head">
        <div>
          <h1>{said.title}</h1>
          <p class="hint">{mode === 'range' && !isLimited ? said.needLimits : said.lead}</p>
        </div>
        <Legend mode={mode} scale={SCALES[mode]} />
      </div>
      <div class="filters">
        <input
          type="search"
          placeholder={overview.search}
          aria-label={overview.search}
          value={search.value}
          onInput={(e) => setParameters({ q: e.currentTarget.value })}
        />
        <fieldset class="segments">
          <legend class="sr">{said.show}</legend>
          {COLOUR_MODES.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === mode}
              onClick={() => setParameters({ colour: one })}
            >
              {said.modes[one]}
            </button>
          ))}
        </fieldset>
        <fieldset class="segments">
          <legend class="sr">{said.day}</legend>
          {DAYS.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === days && day === undefined}
              onClick={() => setParameters({ days: one === 1 ? undefined : String(one), day: undefined })}
            >
              {said.days(one)}
            </button>
          ))}
        </fieldset>
        <label class="day-field">
          <span>{said.day}</span>
          <input
            type="date"
            value={day ?? ''}
            max={wallClock(now.value, zone.value.value).slice(0, 10)}
            onChange={(e) => setParameters({ day: e.currentTarget.value, days: undefined })}
          />
        </label>
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the cells in it are links; arrow keys go between them */}
      <div class="hour-grid" data-dense={starts.length > 100} onKeyDown={moveByArrows}>
        <HourHeads starts={starts} />
        <VirtualGrid
          sections={rows.value}
          itemHeight={height}
          itemWidthMin={100_000}
          gap={2}
          render={(id) => <HourRow key={id} id={id} starts={starts} mode={mode} scale={SCALES[mode]} />}
        />
      </div>
    </div>
  );
}

/** The hours to show: those of a day, or the last so many times 24. */
function hourStarts(day: string | undefined, days: number, hourMs: number): readonly number[] {
  const noonMs = parseTime(day === undefined ? undefined : `${day}T12:00:00Z`);
  const starts: number[] = [];
  if (noonMs === undefined) {
    for (let i = days * 24 - 1; i >= 0; i--) starts.push(hourMs - i * HOUR_MS);
    return starts;
  }
  const endMs = Math.min(startOfDay(noonMs, zone.value.value, 1), hourMs + HOUR_MS);
  for (let ms = startOfDay(noonMs, zone.value.value); ms < endMs; ms += HOUR_MS) starts.push(ms);
  return starts;
}

function HourHeads({ starts }: { readonly starts: readonly number[] }) {
  const place = clockPlace.value;
  const everyHours = starts.length > 100 ? 24 : starts.length > 48 ? 6 : starts.length > 24 ? 3 : 1;
  return (
    <div class="hour-heads" aria-hidden="true">
      <span />
      {starts.map((ms, i) => {
        const hour = Number(wallClock(ms, place.zone).slice(11, 13));
        const isDay = hour === 0 || (i === 0 && hour < 21);
        return (
          <span key={ms} data-day={isDay} data-minor={hour % 6 !== 0 && i > 0}>
            {isDay
              ? moment(ms, 'dayOfMonth', place)
              : hour % everyHours === 0
                ? String(hour).padStart(2, '0')
                : ''}
          </span>
        );
      })}
    </div>
  );
}
