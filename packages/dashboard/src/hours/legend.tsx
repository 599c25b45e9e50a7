import { fixed, inUnit } from '../format/measures.js';
import { locale, unit, words } from '../settings/settings.js';
import type { ColourMode } from './cell-colour.js';

interface LegendProps {
  readonly mode: ColourMode;
  readonly scale: { readonly from: number; readonly to: number };
}

/** What the colours of cells say. */
export function Legend({ mode, scale }: LegendProps) {
  const { hours } = words.value;
  const end = (value: number) =>
    mode === 'temp'
      ? `${fixed(inUnit(value, unit.value.value), 1, locale.value)} °${unit.value.value}`
      : `${fixed(value, 0, locale.value)} %`;
  return (
    <p class="legend">
      <span>{mode === 'range' ? hours.legendOut : end(scale.from)}</span>
      <span class="legend-scale" aria-hidden="true">
        {Array.from({ length: 9 }, (_, level) => (
          <i key={level} class="cell" data-kind="value" data-mode={mode} data-level={level} />
        ))}
      </span>
      <span>{mode === 'range' ? hours.legendIn : end(scale.to)}</span>
      <span class="legend-mark">
        <i
          class="cell"
          data-kind="value"
          data-mode={mode}
          data-level={8}
          data-sparse="true"
          aria-hidden="true"
        />
        {hours.low}
      </span>
      <span class="legend-mark">
        <i class="cell" data-kind="nothing" aria-hidden="true" />
        {hours.nothing}
      </span>
    </p>
  );
}
