import '../style/hours.css';
import '../style/ranges.css';
import { fixed, inUnit, percent } from '../format/measures.js';
import { moment } from '../format/moments.js';
import { longSpanText, resolutionText } from '../format/spans.js';
import { ConditionIcon } from '../lab/condition-icon.js';
import { windowParameters } from '../lab-page/time-window.js';
import { WindowFields } from '../lab-page/window-bar.js';
import { now } from '../live/live-labs.js';
import { search } from '../overview/rows.js';
import { clockPlace, locale, unit, words, zone } from '../settings/settings.js';
import { FailureNote } from '../shell/failure-note.js';
import { hrefWith, labHref, parameter, setParameters } from '../shell/place.js';
import type { ExcursionTotal } from './excursion-totals.js';
import { type ChosenRange, DEFAULT_RANGES, namedRange, RANGE_NAMES, rangeChoice } from './range-choice.js';
import { parseSorting, RANGE_COLUMNS, type RangeColumn, rangeCsv, sortedRows } from './range-columns.js';
import { useRangeRows } from './range-rows.js';
import { useRowWindow } from './use-row-window.js';

const STEP_MS = 60_000;
const OWN = { q: undefined, range: undefined, sort: undefined };

/** `/ranges`: every lab over a range of time, the worst first. */
export function RangesPage() {
  const { ranges: said, overview } = words.value;
  const nowMs = Math.floor(now.value / STEP_MS) * STEP_MS;
  const named = rangeChoice(
    { range: parameter('range'), from: parameter('from'), to: parameter('to') },
    nowMs,
    zone.value.value,
  );
  const byDefault = DEFAULT_RANGES.map((name) => namedRange(name, nowMs, zone.value.value));
  const asked = named === undefined ? byDefault : [named];
  const loaded = useRangeRows(asked as [ChosenRange, ...ChosenRange[]]);
  // Which button is pressed is not for the answer to say.
  const choice = named ?? loaded.range;
  const sorting = parseSorting(parameter('sort'));
  const text = search.value.trim().toLowerCase();
  const rows = sortedRows(
    loaded.rows.filter(({ id, name, group }) => `${id} ${name} ${group}`.toLowerCase().includes(text)),
    sorting,
  );
  const { body, from, to, abovePx, belowPx } = useRowWindow(rows.length);
  const summary = rows.find((row) => row.summary !== undefined)?.summary;
  const place = clockPlace.value;
  const range = windowParameters({ span: undefined, fromMs: choice.fromMs, toMs: choice.toMs });
  return (
    <div class="ranges-page">
      <div class="page-head">
        <div>
          <h1>{said.title}</h1>
          <p class="hint">
            {summary === undefined
              ? said.rank
              : said.showing(
                  moment(Date.parse(summary.start), 'moment', place),
                  moment(Date.parse(summary.end), 'moment', place),
                  resolutionText(loaded.resolution ?? ''),
                )}
          </p>
        </div>
        <button
          type="button"
          onClick={() => download(rangeCsv(rows), choice.fromMs)}
          disabled={loaded.isReading}
        >
          {said.csv}
        </button>
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
          <legend class="sr">{said.title}</legend>
          {RANGE_NAMES.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={choice.name === name}
              onClick={() => setParameters({ range: name, from: undefined, to: undefined })}
            >
              {said[name]}
            </button>
          ))}
        </fieldset>
        <WindowFields
          window={{ span: undefined, fromMs: choice.fromMs, toMs: choice.toMs }}
          onShow={(window) => setParameters({ ...windowParameters(window), range: undefined })}
        />
        {loaded.isReading && <span class="hint">{said.loading}</span>}
      </div>
      <FailureNote of={loaded} />
      {rows.length > 0 && choice.name !== asked[0]?.name && (
        <p class="range-note" role="status">
          {said.newest(choice.name === 'any' ? '' : said[choice.name])}
        </p>
      )}
      <div class="table-card">
        <table class="range-table" aria-rowcount={rows.length + 2}>
          <thead>
            <tr class="metric-heads">
              <td colSpan={3} />
              <th scope="colgroup" colSpan={6}>
                {words.value.metric.temp} °{unit.value.value}
              </th>
              <th scope="colgroup" colSpan={5}>
                {words.value.metric.humidity} %
              </th>
              <td colSpan={2} />
            </tr>
            <tr>
              <ColumnHead name={said.lab} of="lab" sorting={sorting} />
              {RANGE_COLUMNS.map((column) => (
                <ColumnHead key={column.key} name={columnName(column)} of={column.key} sorting={sorting} />
              ))}
            </tr>
          </thead>
          <tbody ref={body}>
            {abovePx > 0 && <tr style={{ height: `${abovePx}px` }} />}
            {rows.slice(from, to).map(({ id, name, group, summary }) => (
              <tr key={id} data-lab={id}>
                <th scope="row">
                  <a href={hrefWith({ ...OWN, ...range }, labHref(id))} data-page>
                    {name} {group !== '' && <small class="of-group">{group}</small>}
                  </a>
                </th>
                {RANGE_COLUMNS.map((column) => {
                  const value = summary === undefined ? null : column.value(summary);
                  return (
                    <td
                      key={column.key}
                      data-key={column.key}
                      data-value={value}
                      data-worst={isWorst(column, value)}
                    >
                      {column.key === 'in_range' && value !== null && <ShareBar share={value} />}
                      {column.form === 'excursions' ? (
                        <Excursions of={summary?.excursions} />
                      ) : (
                        <span class={column.form === 'share' ? 'share-text' : undefined}>
                          {valueText(column, value)}
                        </span>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
            {belowPx > 0 && <tr style={{ height: `${belowPx}px` }} />}
          </tbody>
        </table>
        {rows.length === 0 && !loaded.isReading && <p class="none-found">{said.nothing}</p>}
      </div>
    </div>
  );
}

function ColumnHead(props: {
  readonly name: string;
  readonly of: string;
  readonly sorting: { readonly key: string; readonly isWorstFirst: boolean };
}) {
  const { name, of, sorting } = props;
  const isSorted = sorting.key === of;
  const next = isSorted && sorting.isWorstFirst ? `-${of}` : of;
  return (
    <th
      scope="col"
      class={of === 'excursions_ms' ? 'excursions-head' : undefined}
      aria-sort={isSorted ? (sorting.isWorstFirst ? 'ascending' : 'descending') : undefined}
    >
      <button type="button" onClick={() => setParameters({ sort: next === 'in_range' ? undefined : next })}>
        {name}
        <span aria-hidden="true">{isSorted ? (sorting.isWorstFirst ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  );
}

function columnName({ key }: RangeColumn): string {
  const { lab } = words.value;
  if (key === 'in_range') return lab.inRange;
  if (key === 'excursions_ms') return lab.excursions;
  if (key === 'mean_kinetic_temp') return 'MKT';
  if (key === 'coverage') return lab.coverage;
  if (key === 'observations') return lab.observations;
  const part = key.replace(/^.*_/, '');
  if (part === 'avg') return lab.avg;
  return part === 'min' ? lab.min : part === 'max' ? lab.max : part;
}

function valueText({ form, metric }: RangeColumn, value: number | null): string {
  if (form === 'share') return percent(value, locale.value);
  if (form === 'count') return fixed(value, 0, locale.value);
  const shown = value !== null && metric === 'temp' ? inUnit(value, unit.value.value) : value;
  return fixed(shown, 1, locale.value);
}

/** What a lab was beyond its limits, and for how long. */
function Excursions({ of }: { readonly of: ExcursionTotal | undefined }) {
  const { condition } = words.value;
  if (of === undefined || of.count === 0) return <span>{of === undefined ? '–' : '0'}</span>;
  return (
    <ul class="range-excursions">
      {of.kinds.map(({ condition: kind, ms }) => (
        <li key={kind} data-condition={kind}>
          <ConditionIcon condition={kind} /> {condition[kind]} <b>{longSpanText(ms)}</b>
        </li>
      ))}
    </ul>
  );
}

/** What should be looked at: a share that is low. */
function isWorst({ form, key }: RangeColumn, value: number | null): boolean {
  return form === 'share' && value !== null && value < (key === 'coverage' ? 0.5 : 0.95);
}

function ShareBar({ share }: { readonly share: number }) {
  return (
    <svg class="share" viewBox="0 0 60 6" width="60" height="6" aria-hidden="true">
      <rect width="60" height="6" rx="3" />
      <rect class="in" width={share * 60} height="6" rx="3" />
    </svg>
  );
}

function download(text: string, fromMs: number): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `humtemp-${new Date(fromMs).toISOString().slice(0, 10)}.csv`;
  link.click();
  URL.revokeObjectURL(url);
}
