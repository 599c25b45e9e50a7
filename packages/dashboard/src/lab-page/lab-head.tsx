import { fixed, inUnit } from '../format/measures.js';
import { moment } from '../format/moments.js';
import { spanText } from '../format/spans.js';
import { conditionsOf } from '../lab/condition.js';
import { ConditionIcon } from '../lab/condition-icon.js';
import type { Lab } from '../lab/lab.js';
import { LabName } from '../lab/lab-name.js';
import { hasLimits, type Limits } from '../lab/limits.js';
import { absoluteHumidity, dewPoint } from '../lab/moist-air.js';
import { now } from '../live/live-labs.js';
import { stateText } from '../overview/tile.js';
import { clockPlace, locale, unit, words } from '../settings/settings.js';

/** What a lab says now, and what follows from it. */
export function LabHead({ id, lab }: { readonly id: string; readonly lab: Lab | undefined }) {
  const { lab: said, metric, ago } = words.value;
  if (lab?.atMs === undefined)
    return (
      <header class="lab-head">
        <h1>{lab?.name ?? id}</h1>
      </header>
    );
  const conditions = conditionsOf(lab, now.value);
  const { temp, humidity, atMs, limits } = lab;
  const degrees = `°${unit.value.value}`;
  const isPair = temp !== null && humidity !== null;
  const dew = isPair ? dewPoint(temp, humidity) : undefined;
  return (
    <header class="lab-head" data-condition={conditions[0]}>
      <div>
        <h1>
          <LabName lab={lab} />
        </h1>
        <p class="lab-state">
          <ConditionIcon condition={conditions[0]} />
          {stateText(lab, conditions, now.value)}
          <time dateTime={new Date(atMs).toISOString()} title={moment(atMs, 'full', clockPlace.value)}>
            {ago(spanText(now.value - atMs))}
          </time>
          {lab.name !== id && <code>{id}</code>}
        </p>
      </div>
      <dl class="readings numbers" data-old={conditions[0] === 'silent'}>
        <Reading
          name={metric.temp}
          value={fixed(temp === null ? null : inUnit(temp, unit.value.value), 2, locale.value)}
          unit={degrees}
          note={limitsNote(
            limits.temp,
            (value) => fixed(inUnit(value, unit.value.value), 1, locale.value),
            degrees,
          )}
        />
        <Reading
          name={metric.humidity}
          value={fixed(humidity, 1, locale.value)}
          unit="%"
          note={limitsNote(limits.humidity, (value) => fixed(value, 0, locale.value), '%')}
        />
        <Reading
          name={said.dewPoint}
          value={fixed(dew === undefined ? undefined : inUnit(dew, unit.value.value), 1, locale.value)}
          unit={degrees}
          note={said.computed}
          isComputed
        />
        <Reading
          name={said.absolute}
          value={fixed(isPair ? absoluteHumidity(temp, humidity) : undefined, 1, locale.value)}
          unit="g/m³"
          note={said.computed}
          isComputed
        />
      </dl>
    </header>
  );
}

interface ReadingProps {
  readonly name: string;
  readonly value: string;
  readonly unit: string;
  readonly note: string;
  readonly isComputed?: boolean;
}

function Reading({ name, value, unit, note, isComputed = false }: ReadingProps) {
  return (
    <div data-computed={isComputed}>
      <dt>{name}</dt>
      <dd>
        <b>{value}</b> <small>{unit}</small>
        <span class="hint">{note}</span>
      </dd>
    </div>
  );
}

/** Limits as people write them: `20.0 – 24.0 °C`, `≤ 60 %`. */
export function limitsNote({ min, max }: Limits, text: (value: number) => string, unit: string): string {
  if (!hasLimits({ min, max })) return words.value.condition.unjudged;
  if (min === undefined) return `≤ ${text(max!)} ${unit}`;
  if (max === undefined) return `≥ ${text(min)} ${unit}`;
  return `${text(min)} – ${text(max)} ${unit}`;
}
