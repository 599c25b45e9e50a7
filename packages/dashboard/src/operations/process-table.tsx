import { useRef } from 'preact/hooks';
import { fixed } from '../format/measures.js';
import { spanText } from '../format/spans.js';
import type { Ledger } from '../live/hub-message.js';
import { now } from '../live/live-labs.js';
import { RateMeter } from '../live/rate-meter.js';
import { sum } from '../overview/ledger-line.js';
import { locale, words } from '../settings/settings.js';

type Process = Ledger['processes'][number];

/** A process that has not reported for so long may be gone: it reports each minute at least. */
const QUIET_MS = 90_000;

/** Every process that reported in the last hour, with the fate of all that it received. */
export function ProcessTable({ processes }: { readonly processes: readonly Process[] }) {
  const { operations: said, ledger: terms, ago } = words.value;
  const meters = useRef(new Map<string, RateMeter>()).current;
  const count = (value: number) => fixed(value, 0, locale.value);
  const rateOf = ({ process, received, reported_at }: Process) => {
    const meter = meters.get(process) ?? new RateMeter();
    meters.set(process, meter);
    return meter.add(received, Date.parse(reported_at));
  };
  return (
    <section class="card">
      <h2>{said.processes}</h2>
      <div class="scroll">
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">{said.process}</th>
              {[
                said.role,
                said.reported,
                said.rate,
                said.received,
                said.committed,
                said.duplicate,
                said.rejected,
                said.inFlight,
                said.balance,
              ].map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {processes.map((process) => {
              const quietMs = now.value - Date.parse(process.reported_at);
              const rate = rateOf(process);
              const rejected = sum(Object.values(process.rejected as Record<string, number>));
              return (
                <tr key={process.process} data-quiet={quietMs > QUIET_MS}>
                  <th scope="row">
                    <code>{process.process}</code>
                  </th>
                  <td>{process.role}</td>
                  <td>{ago(spanText(quietMs))}</td>
                  <td>{rate === undefined ? '–' : `${fixed(rate, rate < 10 ? 1 : 0, locale.value)} /s`}</td>
                  <td>{count(process.received)}</td>
                  <td>{count(process.committed)}</td>
                  <td>{count(process.duplicate)}</td>
                  <td>{count(rejected)}</td>
                  <td>{count(process.in_flight)}</td>
                  <td>
                    <span class="balance" data-balanced={process.balanced}>
                      {process.balanced ? terms.balanced : terms.unbalanced('?')}
                    </span>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
