import '../style/paper.css';
import { useMemo } from 'preact/hooks';
import { get } from '../api/client.js';
import { fixed, inUnit, percent } from '../format/measures.js';
import { instantOf, moment, momentSpan, startOfMonth, wallClock } from '../format/moments.js';
import { longSpanText, resolutionText } from '../format/spans.js';
import { conditionBeyond } from '../lab/condition.js';
import { excursionsOf } from '../lab/excursions.js';
import { LabName } from '../lab/lab-name.js';
import { limitsText } from '../lab/limits.js';
import { METRICS, resolutionFor } from '../lab/series.js';
import { limitsNote } from '../lab-page/lab-head.js';
import { labNow, now, service } from '../live/live-labs.js';
import { clockPlace, defaultLimits, locale, unit, words } from '../settings/settings.js';
import { FailureNote } from '../shell/failure-note.js';
import { hrefWith, labHref, parameter, setParameters } from '../shell/place.js';
import { useLoaded } from '../shell/use-loaded.js';
import { dailyRows } from './daily-rows.js';
import { PaperChart } from './paper-chart.js';

const BUCKETS_MAX = 1500;
const EXCURSIONS_MAX = 40;

/** `/paper/ID`: a month of a lab, to print and sign. The browser makes the PDF. */
export function PaperPage({ id }: { readonly id: string }) {
  const { paper: said, lab: labWords, metric: metricWords, condition } = words.value;
  const place = clockPlace.value;
  const month = parameter('month');
  const anchor = /^\d{4}-\d\d$/.test(month ?? '')
    ? instantOf(Date.parse(`${month}-01T00:00Z`), place.zone)
    : now.value;
  const fromMs = startOfMonth(anchor, place.zone);
  const endMs = startOfMonth(anchor, place.zone, 1);
  const nowMs = now.peek();
  const toMs = Math.min(endMs, nowMs);
  const lab = labNow(id);
  const limits = lab?.limits ?? defaultLimits.value;
  const resolutions = service.value?.resolutions;
  const resolution = resolutions && resolutionFor(resolutions, fromMs, toMs, nowMs, BUCKETS_MAX);
  const query = {
    from: fromMs / 1000,
    to: Math.ceil(toMs / 1000),
    temp: limitsText(limits.temp),
    humidity: limitsText(limits.humidity),
  };
  const key =
    resolution && fromMs < toMs ? JSON.stringify([id, fromMs, resolution.resolution, limits]) : undefined;
  const series = useLoaded(key, (signal) =>
    get('/labs/{lab_id}/buckets', { ...query, resolution: resolution?.resolution }, { labId: id, signal }),
  );
  const summary = useLoaded(key, (signal) => get('/labs/{lab_id}/summary', query, { labId: id, signal }));
  const buckets = series.value?.buckets ?? [];
  // Where no buckets have the borders of the zone's days, the days are made of what there is.
  const daily = useLoaded(key === undefined ? undefined : `${key} ${place.zone}`, (signal) =>
    get('/labs/{lab_id}/buckets', { ...query, tz: place.zone }, { labId: id, signal }),
  );
  const days = useMemo(
    () =>
      dailyRows(daily.failure === undefined ? (daily.value?.buckets ?? []) : buckets, place.zone).filter(
        ({ startMs }) => startMs >= fromMs && startMs < endMs,
      ),
    [daily.value, daily.failure, buckets, place.zone],
  );
  const excursions = useMemo(() => excursionsOf(buckets, limits), [buckets, JSON.stringify(limits)]);
  const step = (months: number) =>
    setParameters({ month: wallClock(startOfMonth(fromMs, place.zone, months), place.zone).slice(0, 7) });
  const temp = (value: number | null | undefined) =>
    fixed(value === null || value === undefined ? value : inUnit(value, unit.value.value), 1, locale.value);
  const degrees = `°${unit.value.value}`;
  return (
    <div class="paper">
      <p class="back no-print">
        <a href={hrefWith({ month: undefined }, labHref(id))} data-page>
          ← {lab?.name ?? id}
        </a>
        <span>
          <button type="button" onClick={() => step(-1)} aria-label={said.earlier}>
            ◀
          </button>{' '}
          <button type="button" onClick={() => step(1)} disabled={endMs > nowMs} aria-label={said.later}>
            ▶
          </button>{' '}
          <button type="button" class="primary" onClick={() => window.print()}>
            {said.print}
          </button>
        </span>
      </p>
      <FailureNote of={series} />
      <div class="sheet">
        <header>
          <div>
            <p>{said.title}</p>
            <h1>{lab === undefined ? id : <LabName lab={lab} />}</h1>
          </div>
          <div>
            <b>{moment(fromMs, 'month', place)}</b>
            <p>
              {metricWords.temp} {limitsNote(limits.temp, temp, degrees)}
            </p>
            <p>
              {metricWords.humidity}{' '}
              {limitsNote(limits.humidity, (value) => fixed(value, 0, locale.value), '%')}
            </p>
          </div>
        </header>
        {METRICS.map((metric) => (
          <PaperChart
            key={metric}
            name={`${metricWords[metric]}, ${metric === 'temp' ? degrees : '%'}`}
            metric={metric}
            buckets={buckets}
            limits={limits[metric]}
            fromMs={fromMs}
            toMs={endMs}
          />
        ))}
        <table>
          <thead>
            <tr>
              <td />
              {METRICS.map((metric) => (
                <th key={metric} scope="colgroup" colSpan={4}>
                  {metricWords[metric]}, {metric === 'temp' ? degrees : '%RH'}
                </th>
              ))}
              <td />
            </tr>
            <tr>
              <th scope="col">{said.day}</th>
              {METRICS.map((metric) =>
                [labWords.min, labWords.avg, labWords.max, labWords.inRange].map((name) => (
                  <th key={`${metric} ${name}`} scope="col">
                    {name}
                  </th>
                )),
              )}
              <th scope="col">{labWords.coverage}</th>
            </tr>
          </thead>
          <tbody>
            {days.map((day) => (
              <tr key={day.startMs}>
                <th scope="row">{moment(day.startMs, 'day', place)}</th>
                {METRICS.map((metric) => {
                  const values = day[metric];
                  const text = (value: number | undefined) =>
                    metric === 'temp' ? temp(value) : fixed(value, 0, locale.value);
                  return (
                    <>
                      <td>{text(values?.min)}</td>
                      <td>{text(values?.avg)}</td>
                      <td>{text(values?.max)}</td>
                      <td>{percent(values?.inRange, locale.value)}</td>
                    </>
                  );
                })}
                <td>{percent(day.coverage, locale.value)}</td>
              </tr>
            ))}
          </tbody>
          {summary.value !== undefined && (
            <tfoot>
              <tr>
                <th scope="row">{said.wholeMonth}</th>
                {METRICS.map((metric) => {
                  const values = summary.value?.[metric];
                  const text = (value: number | undefined) =>
                    metric === 'temp' ? temp(value) : fixed(value, 0, locale.value);
                  return (
                    <>
                      <td>{text(values?.min)}</td>
                      <td>{text(values?.avg)}</td>
                      <td>{text(values?.max)}</td>
                      <td>{percent(values?.in_range, locale.value)}</td>
                    </>
                  );
                })}
                <td>{percent(summary.value.coverage, locale.value)}</td>
              </tr>
            </tfoot>
          )}
        </table>
        <section class="paper-excursions">
          <h2>
            {labWords.excursions}: {excursions.length}
          </h2>
          <ul>
            {excursions.slice(0, EXCURSIONS_MAX).map((one) => (
              <li key={`${one.metric} ${one.side} ${one.fromMs}`}>
                {momentSpan(one.fromMs, one.toMs, place)}, {condition[conditionBeyond(one.metric, one.side)]},{' '}
                {longSpanText(one.toMs - one.fromMs)},{' '}
                {one.metric === 'temp'
                  ? `${temp(one.peak)} ${degrees}`
                  : `${fixed(one.peak, 0, locale.value)} %`}
              </li>
            ))}
            {excursions.length > EXCURSIONS_MAX && <li>… +{excursions.length - EXCURSIONS_MAX}</li>}
          </ul>
        </section>
        <footer>
          <div class="sign">
            <span>{said.checkedBy}</span>
            <span>{said.date}</span>
            <span>{said.signature}</span>
          </div>
          <p>
            humtemp · {said.made(moment(nowMs, 'full', place))} · {words.value.times} {place.zone} ·{' '}
            {labWords.resolution(resolutionText(series.value?.resolution ?? ''))}
          </p>
        </footer>
      </div>
    </div>
  );
}
