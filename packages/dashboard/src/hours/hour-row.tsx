import { conditionsOf } from '../lab/condition.js';
import { ConditionIcon } from '../lab/condition-icon.js';
import { LabName } from '../lab/lab-name.js';
import { limitsText } from '../lab/limits.js';
import type { MetricName } from '../lab/series.js';
import { labNow, now } from '../live/live-labs.js';
import { defaultLimits } from '../settings/settings.js';
import { hrefWith, labHref } from '../shell/place.js';
import { useLoaded } from '../shell/use-loaded.js';
import type { ColourMode } from './cell-colour.js';
import { HourCell } from './hour-cell.js';
import { readHours } from './hours-read.js';

const HOUR_MS = 3_600_000;
const REFRESH_MS = 60_000;

interface HourRowProps {
  readonly id: string;
  readonly starts: readonly number[];
  readonly mode: ColourMode;
  readonly scale: { readonly from: number; readonly to: number };
}

/** The hours of a lab. They are read when the row comes into view. */
export function HourRow({ id, starts, mode, scale }: HourRowProps) {
  const lab = labNow(id);
  const [first, last] = [starts[0] ?? 0, starts.at(-1) ?? 0];
  const byDefault = defaultLimits.value;
  // The service knows limits that a lab has of its own.
  const limitOf = (metric: MetricName) =>
    lab?.limits[metric] === byDefault[metric] ? limitsText(byDefault[metric]) : undefined;
  const query = {
    from: first / 1000,
    to: last / 1000 + 3600,
    temp: limitOf('temp'),
    humidity: limitOf('humidity'),
  };
  const loaded = useLoaded(
    JSON.stringify([id, query]),
    (signal) => readHours(id, query, signal),
    last + HOUR_MS > now.peek() ? REFRESH_MS : undefined,
  );
  if (lab === undefined) return null;
  const [condition] = conditionsOf(lab, now.value);
  return (
    <div class="hour-row" data-row data-condition={condition} data-old={loaded.isOld}>
      <a
        href={hrefWith({ q: undefined, colour: undefined, day: undefined, days: undefined }, labHref(id))}
        data-page
      >
        <ConditionIcon condition={condition} />
        <LabName lab={lab} />
      </a>
      {starts.map((startMs, i) => (
        <HourCell
          key={startMs}
          id={id}
          name={lab.name}
          startMs={startMs}
          bucket={loaded.value?.get(startMs)}
          mode={mode}
          scale={scale}
          tabIndex={i === 0 ? 0 : -1}
        />
      ))}
    </div>
  );
}
