import { get } from '../api/client.js';
import { moment } from '../format/moments.js';
import { clockPlace, words } from '../settings/settings.js';
import { useLoaded } from '../shell/use-loaded.js';

const EVERY_MS = 10_000;

/** What the store keeps and cannot read. Nothing where there is none, as it should be. */
export function FaultList() {
  const { operations: said } = words.value;
  const loaded = useLoaded('faults', (signal) => get('/faults', {}, { signal }), EVERY_MS);
  const faults = loaded.value?.faults ?? [];
  if (faults.length === 0) return null;
  return (
    <section class="card">
      <h2>{said.faults}</h2>
      <p class="hint">{said.faultsHint}</p>
      <div class="scroll">
        <table class="rows rejections">
          <thead>
            <tr>
              {[said.at, words.value.ranges.lab, said.source, said.reason].map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {faults.map(({ at, lab_id, key, reason }) => (
              <tr key={`${at} ${key}`}>
                <td>{moment(Date.parse(at), 'full', clockPlace.value)}</td>
                <td>{lab_id ?? '–'}</td>
                <td>
                  <code class="excerpt">{key}</code>
                </td>
                <td>{reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
