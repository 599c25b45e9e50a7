import { useRef } from 'preact/hooks';
import { fixed } from '../format/measures.js';
import { moment } from '../format/moments.js';
import { spanText } from '../format/spans.js';
import type { Ledger } from '../live/hub-message.js';
import { now } from '../live/live-labs.js';
import { sum } from '../overview/ledger-line.js';
import { clockPlace, locale, words } from '../settings/settings.js';
import { type Pace, ProcessMeters } from './process-meters.js';

type Process = Ledger['processes'][number];

/** A process that has not reported for so long may be gone: it reports each minute at least. */
const QUIET_MS = 90_000;
const COLUMNS = 12;

/** Every process that reported in the last hour: how it does, and the fate of all that it received. */
export function ProcessTable({ processes }: { readonly processes: readonly Process[] }) {
  const { operations: said } = words.value;
  const meters = useRef(new ProcessMeters()).current;
  return (
    <section class="card">
      <h2>{said.processes}</h2>
      <div class="scroll">
        <table class="rows processes">
          <thead>
            <tr>
              {[
                said.process,
                said.reported,
                said.rate,
                said.inFlight,
                said.lag,
                said.batch,
                said.commit,
                said.received,
                said.committed,
                said.duplicate,
                said.rejected,
                said.balance,
              ].map((name) => (
                <th key={name} scope="col" title={name === said.lag ? said.lagHint : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          {processes.map((process) => (
            <ProcessRows key={process.process} process={process} pace={meters.paceOf(process)} />
          ))}
        </table>
      </div>
    </section>
  );
}

/** What a process counted, and below it what it works with and what it complains of. */
function ProcessRows({ process, pace }: { readonly process: Process; readonly pace: Pace }) {
  const { ledger: terms, ago } = words.value;
  const { perSecond, batch, commitMs } = pace;
  const { state } = process;
  const quietMs = now.value - Date.parse(process.reported_at);
  const count = (value: number) => fixed(value, 0, locale.value);
  /** Small numbers with a digit behind the point. */
  const rough = (value: number | undefined) => fixed(value, (value ?? 10) < 10 ? 1 : 0, locale.value);
  const rejected = sum(Object.values(process.rejected as Record<string, number>));
  return (
    <tbody data-quiet={quietMs > QUIET_MS}>
      <tr>
        <th scope="row">
          <code>{process.process}</code>
        </th>
        <td>{ago(spanText(quietMs))}</td>
        <td>{perSecond === undefined ? '–' : `${rough(perSecond)} /s`}</td>
        <td>{count(process.in_flight)}</td>
        <td>{state === undefined ? '–' : lagText(state.lag_ms)}</td>
        <td>{rough(batch)}</td>
        <td>{commitMs === undefined ? '–' : `${rough(commitMs)} ms`}</td>
        <td>{count(process.received)}</td>
        <td>{count(process.committed)}</td>
        <td>{count(process.duplicate)}</td>
        <td>{count(rejected)}</td>
        <td>
          <span class="balance" data-balanced={process.balanced}>
            {process.balanced ? terms.balanced : terms.unbalanced('?')}
          </span>
        </td>
      </tr>
      {state !== undefined && (
        <tr class="process-state">
          <td colSpan={COLUMNS}>
            <ProcessState role={process.role} state={state} />
          </td>
        </tr>
      )}
    </tbody>
  );
}

function lagText(ms: number): string {
  return ms < 1000 ? `${fixed(ms, 0, locale.value)} ms` : spanText(ms);
}

function ProcessState({
  role,
  state,
}: {
  readonly role: string;
  readonly state: NonNullable<Process['state']>;
}) {
  const { operations: said } = words.value;
  const { version, store, broker, commits_failed, problems, warnings } = state;
  return (
    <>
      <p>
        <span>{`${role} ${version}`}</span>
        <span>
          {said.store} <code>{store}</code>
        </span>
        {broker !== null && (
          <span>
            {said.broker} <code>{broker}</code>
          </span>
        )}
        {commits_failed > 0 && <span>{said.failedCommits(fixed(commits_failed, 0, locale.value))}</span>}
      </p>
      {problems.map((text) => (
        <p key={text} class="process-problem" role="alert">
          {text}
        </p>
      ))}
      {warnings.map(({ at, text, count }) => (
        <p key={text} class="process-warning">
          <time dateTime={at}>{moment(Date.parse(at), 'moment', clockPlace.value)}</time> {text}
          {count > 1 && <small> {said.repeated(fixed(count, 0, locale.value))}</small>}
        </p>
      ))}
    </>
  );
}
