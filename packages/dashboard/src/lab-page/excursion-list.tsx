import { fixed, inUnit } from '../format/measures.js';
import { moment, momentSpan } from '../format/moments.js';
import { longSpanText } from '../format/spans.js';
import { conditionBeyond } from '../lab/condition.js';
import { ConditionIcon } from '../lab/condition-icon.js';
import type { Excursion } from '../lab/excursions.js';
import { hasLimits, type LabLimits } from '../lab/limits.js';
import { clockPlace, locale, unit, words } from '../settings/settings.js';
import { hrefWith } from '../shell/place.js';
import { windowParameters, zoomed } from './time-window.js';

interface ExcursionListProps {
  readonly excursions: readonly Excursion[];
  readonly limits: LabLimits;
  readonly nowMs: number;
}

const SHOWN_MAX = 50;

/** When a lab was beyond its limits, for how long and how far: the newest first. */
export function ExcursionList({ excursions, limits, nowMs }: ExcursionListProps) {
  const { lab: said, condition } = words.value;
  const isLimited = hasLimits(limits.temp) || hasLimits(limits.humidity);
  const shown = excursions.slice(-SHOWN_MAX).reverse();
  return (
    <section class="card excursions">
      <h2>
        {said.excursions} {excursions.length > 0 && <small>{excursions.length}</small>}
      </h2>
      {shown.length === 0 ? (
        <p class="hint">{isLimited ? said.noExcursions : said.noLimits}</p>
      ) : (
        <ul>
          {shown.map((one) => {
            const around = zoomed({ span: undefined, fromMs: one.fromMs, toMs: one.toMs }, 3, nowMs);
            const kind = conditionBeyond(one.metric, one.side);
            return (
              <li key={`${one.metric} ${one.side} ${one.fromMs}`} data-condition={kind}>
                <a href={hrefWith(windowParameters(around))} data-page>
                  <ConditionIcon condition={kind} />
                  <b>{condition[kind]}</b>
                  <span>
                    {one.isOngoing
                      ? `${moment(one.fromMs, 'moment', clockPlace.value)} – ${said.ongoing}`
                      : momentSpan(one.fromMs, one.toMs, clockPlace.value)}
                  </span>
                  <span>{longSpanText(one.toMs - one.fromMs)}</span>
                  <span class="numbers">
                    {said.peakOf(
                      one.metric === 'temp'
                        ? `${fixed(inUnit(one.peak, unit.value.value), 1, locale.value)} °${unit.value.value}`
                        : `${fixed(one.peak, 0, locale.value)} %`,
                    )}
                  </span>
                </a>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
