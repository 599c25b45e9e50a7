import '../style/operations.css';
import { fixed } from '../format/measures.js';
import { longSpanText, resolutionText } from '../format/spans.js';
import { ledger, service } from '../live/live-labs.js';
import { LedgerLine } from '../overview/ledger-line.js';
import { locale, words } from '../settings/settings.js';
import { FaultList } from './fault-list.js';
import { ProcessTable } from './process-table.js';
import { Readiness } from './readiness.js';
import { RejectionList } from './rejection-list.js';
import { SourceList } from './source-list.js';

/** `/operations`: whether everything works, and what to do about what does not. */
export function OperationsPage() {
  const { operations: said } = words.value;
  const known = ledger.value;
  const rejected = Object.entries((known?.ledger.rejected ?? {}) as Record<string, number>).sort(
    ([, a], [, b]) => b - a,
  );
  return (
    <div class="operations">
      <div class="page-head">
        <h1>{said.title}</h1>
        <Readiness />
      </div>
      <LedgerLine />
      <ProcessTable processes={known?.ledger.processes ?? []} />
      <FaultList />
      <section class="card" id="rejections">
        <h2>{said.rejections}</h2>
        {rejected.length > 0 && (
          <p class="reasons">
            <span class="hint">{said.byReason}</span>
            {rejected.map(([reason, count]) => (
              <span key={reason}>
                <code>{reason}</code> <b>{fixed(count, 0, locale.value)}</b>
              </span>
            ))}
          </p>
        )}
        <RejectionList />
      </section>
      <SourceList />
      <section class="card">
        <h2>{said.resolutions}</h2>
        <table class="rows kept">
          <thead>
            <tr>
              <th scope="col">{said.duration}</th>
              <th scope="col">{said.kept}</th>
            </tr>
          </thead>
          <tbody>
            {service.value?.resolutions.map(({ resolution, kept_s }) => (
              <tr key={resolution}>
                <th scope="row">{resolutionText(resolution)}</th>
                <td>{longSpanText(kept_s * 1000)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}
