import { get } from '../api/client.js';
import { fixed, inUnit, percent } from '../format/measures.js';
import { type LabLimits, limitsText } from '../lab/limits.js';
import { METRICS, type MetricName } from '../lab/series.js';
import { locale, unit, words } from '../settings/settings.js';
import { FailureNote } from '../shell/failure-note.js';
import { useLoaded } from '../shell/use-loaded.js';
import { windowQuery } from './lab-page.js';
import type { TimeWindow } from './time-window.js';

const REFRESH_MS = 30_000;

interface SummaryCardProps {
  readonly id: string;
  readonly window: TimeWindow;
  readonly limits: LabLimits;
  readonly isLive: boolean;
}

/** A value with its unit. */
function Value({
  metric,
  value,
}: {
  readonly metric: MetricName;
  readonly value: number | null | undefined;
}) {
  if (value === null || value === undefined) return <>–</>;
  const shown = metric === 'temp' ? inUnit(value, unit.value.value) : value;
  return (
    <>
      {fixed(shown, metric === 'temp' ? 2 : 1, locale.value)}
      <small> {metric === 'temp' ? `°${unit.value.value}` : '%'}</small>
    </>
  );
}

/** One summary of all that the charts show. */
export function SummaryCard({ id, window, limits, isLive }: SummaryCardProps) {
  const { lab: said, metric } = words.value;
  const query = {
    ...windowQuery(window),
    temp: limitsText(limits.temp),
    humidity: limitsText(limits.humidity),
  };
  const { span, fromMs, toMs } = window;
  const loaded = useLoaded(
    JSON.stringify([id, span ?? [fromMs, toMs], query.temp, query.humidity]),
    (signal) => get('/labs/{lab_id}/summary', { ...query, time_weighted: true }, { labId: id, signal }),
    isLive ? REFRESH_MS : undefined,
  );
  const summary = loaded.value;
  const rows = [
    [said.avg, 'avg'],
    [said.min, 'min'],
    ['p05', 'p05'],
    ['p50', 'p50'],
    ['p95', 'p95'],
    [said.max, 'max'],
  ] as const;
  return (
    <section class="card" data-old={loaded.isOld}>
      <h2>{said.summary}</h2>
      <FailureNote of={loaded} />
      {summary !== undefined && (
        <table class="summary-table">
          <thead>
            <tr>
              <td />
              <th scope="col">{metric.temp}</th>
              <th scope="col">{metric.humidity}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, key]) => (
              <tr key={key}>
                <th scope="row">{name}</th>
                {METRICS.map((one) => {
                  const value = summary[one]?.[key] ?? null;
                  return (
                    <td key={one} data-value={value} data-key={key} data-metric={one}>
                      <Value metric={one} value={value} />
                    </td>
                  );
                })}
              </tr>
            ))}
            <tr title={said.overTimeHint}>
              <th scope="row">{said.overTime}</th>
              {METRICS.map((one) => (
                <td key={one}>
                  <Value metric={one} value={summary.time_weighted?.[one]?.avg} />
                </td>
              ))}
            </tr>
            <tr>
              <th scope="row">{said.kinetic}</th>
              <td>
                <Value metric="temp" value={summary.mean_kinetic_temp?.value} />
              </td>
              <td />
            </tr>
            <tr>
              <th scope="row">{said.inRange}</th>
              {METRICS.map((one) => (
                <td key={one}>{percent(summary[one]?.in_range, locale.value)}</td>
              ))}
            </tr>
            <tr>
              <th scope="row">{said.observations}</th>
              <td colSpan={2}>
                {said.covered(
                  fixed(summary.observations, 0, locale.value),
                  percent(summary.coverage, locale.value),
                )}
              </td>
            </tr>
          </tbody>
        </table>
      )}
    </section>
  );
}
