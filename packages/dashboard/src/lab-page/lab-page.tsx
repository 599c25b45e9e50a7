import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import '../style/lab-page.css';
import { apiUrl, get } from '../api/client.js';
import { moment } from '../format/moments.js';
import { resolutionText } from '../format/spans.js';
import { excursionsOf } from '../lab/excursions.js';
import { limitsText, NO_LIMITS } from '../lab/limits.js';
import { type Bucket, METRICS, resolutionFor } from '../lab/series.js';
import { isListed, labNow, now, service, useShown } from '../live/live-labs.js';
import { clockPlace, defaultLimits, words } from '../settings/settings.js';
import { FailureNote } from '../shell/failure-note.js';
import { hrefWith, labHref, parameter, setParameters } from '../shell/place.js';
import { useLoaded } from '../shell/use-loaded.js';
import { BucketChart } from './bucket-chart.js';
import { BucketTable } from './bucket-table.js';
import { Calendar } from './calendar.js';
import { CurlLine } from './curl-line.js';
import { Distribution } from './distribution.js';
import { ExcursionList } from './excursion-list.js';
import { LabHead } from './lab-head.js';
import { PointLine } from './point-line.js';
import { SummaryCard } from './summary-card.js';
import { moved, notBeyond, type TimeWindow, timeWindow, windowParameters, zoomed } from './time-window.js';
import { WindowBar } from './window-bar.js';

/** About as many as a chart has pixels for. */
const BUCKETS_MAX = 800;
const REFRESH_MS = 10_000;

/** `/lab/ID`: everything about one lab. */
export function LabPage({ id }: { readonly id: string }) {
  const { lab: said, metric: metricWords } = words.value;
  useShown(id);
  const lab = labNow(id);
  const limits = lab?.limits ?? defaultLimits.value ?? NO_LIMITS;
  const query = { span: parameter('span'), from: parameter('from'), to: parameter('to') };
  // A window that ends now moves with it, a step at a time.
  const nowMs = query.from === undefined ? Math.floor(now.value / REFRESH_MS) * REFRESH_MS : now.peek();
  const window = timeWindow(query, nowMs);
  const resolutions = service.value?.resolutions;
  const resolution =
    resolutions && resolutionFor(resolutions, window.fromMs, window.toMs, nowMs, BUCKETS_MAX);
  const asked = {
    ...windowQuery(window),
    resolution: resolution?.resolution,
    temp: limitsText(limits.temp),
    humidity: limitsText(limits.humidity),
  };
  const series = useLoaded(
    resolution && JSON.stringify([id, query, asked.resolution, asked.temp, asked.humidity]),
    (signal) => get('/labs/{lab_id}/buckets', asked, { labId: id, signal }),
    window.span === undefined ? undefined : REFRESH_MS,
  );
  const pointed = useSignal<number | undefined>(undefined);
  const buckets: readonly Bucket[] = series.value?.buckets ?? NO_BUCKETS;
  const excursions = useMemo(() => excursionsOf(buckets, limits), [buckets, JSON.stringify(limits)]);
  if (lab === undefined && isListed.value && buckets.length === 0)
    return <p class="none-found">{said.unknown}</p>;

  const show = (next: TimeWindow) => setParameters(windowParameters(next), true);
  const onKeyDown = (event: KeyboardEvent) => {
    const next = windowByKey(event, window, now.peek());
    if (next === undefined) return;
    event.preventDefault();
    show(next);
  };
  const hasData = buckets.some(({ observations }) => observations > 0);
  return (
    <div class="lab-page">
      <p class="back">
        <a href={hrefWith({ span: undefined, from: undefined, to: undefined }, '/')} data-page>
          ← {said.back}
        </a>
        <a
          href={hrefWith({ span: undefined, from: undefined, to: undefined }, labHref(id, 'paper'))}
          data-page
        >
          {said.paper}
        </a>
      </p>
      <LabHead id={id} lab={lab} />
      <WindowBar window={window} nowMs={now.peek()} onShow={show} />
      <FailureNote of={series} />
      <section
        class="charts"
        data-old={series.isOld}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move what it shows
        tabIndex={0}
        aria-label={said.zoomHint}
        onKeyDown={onKeyDown}
      >
        <p class="charts-head">
          <span>
            {moment(window.fromMs, 'moment', clockPlace.value)} –{' '}
            {moment(window.toMs, 'moment', clockPlace.value)}
          </span>
          <b>{said.resolution(resolutionText(series.value?.resolution ?? resolution?.resolution ?? ''))}</b>
          <span class="key-band">{said.band}</span>
          <span class="key-average">{said.average}</span>
          <span class="key-beyond">{said.outside}</span>
        </p>
        {METRICS.map((metric) => (
          <figure key={metric} class="metric-chart">
            <figcaption>
              <h2>{metricWords[metric]}</h2>
              <PointLine buckets={buckets} metric={metric} index={pointed} />
            </figcaption>
            {series.value !== undefined && (
              <BucketChart
                buckets={buckets}
                metric={metric}
                limits={limits[metric]}
                fromMs={window.fromMs}
                toMs={window.toMs}
                label={chartLabel(metricWords[metric], window)}
                onWindow={(fromMs, toMs) => show(notBeyond({ span: undefined, fromMs, toMs }, now.peek()))}
                onPoint={(index) => {
                  pointed.value = index;
                }}
              />
            )}
          </figure>
        ))}
        {!hasData && series.value !== undefined && <p class="no-data">{said.noData}</p>}
        <p class="hint">{said.zoomHint}</p>
      </section>
      <div class="lab-columns">
        <SummaryCard id={id} window={window} limits={limits} isLive={window.span !== undefined} />
        <ExcursionList excursions={excursions} limits={limits} nowMs={now.peek()} />
        <Distribution buckets={buckets} limits={limits} resolution={series.value?.resolution ?? ''} />
      </div>
      <Calendar id={id} limits={limits} />
      <CurlLine url={apiUrl('/labs/{lab_id}/buckets', asked, id)} />
      <BucketTable buckets={buckets} />
      <p class="hint">{said.sensors}</p>
    </div>
  );
}

const NO_BUCKETS: readonly Bucket[] = [];

/** The parameters of the API for a window. Which ends now is not said: then the answer is that of any time. */
export function windowQuery({ span, fromMs, toMs }: TimeWindow) {
  return {
    from: Math.floor(fromMs / 1000),
    to: span === undefined ? Math.ceil(toMs / 1000) : undefined,
  };
}

function windowByKey(event: KeyboardEvent, window: TimeWindow, nowMs: number): TimeWindow | undefined {
  if (event.key === 'ArrowLeft') return moved(window, -0.5, nowMs);
  if (event.key === 'ArrowRight') return moved(window, 0.5, nowMs);
  if (event.key === '+') return zoomed(window, 0.5, nowMs);
  if (event.key === '-') return zoomed(window, 2, nowMs);
  return event.key === 'Escape' ? timeWindow({}, nowMs) : undefined;
}

function chartLabel(metric: string, { fromMs, toMs }: TimeWindow): string {
  const place = clockPlace.value;
  return `${metric}, ${moment(fromMs, 'moment', place)} – ${moment(toMs, 'moment', place)}`;
}
