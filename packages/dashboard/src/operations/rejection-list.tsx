import { get } from '../api/client.js';
import { moment } from '../format/moments.js';
import { clockPlace, words } from '../settings/settings.js';
import { FailureNote } from '../shell/failure-note.js';
import { useLoaded } from '../shell/use-loaded.js';

const EVERY_MS = 5000;
const SHOWN_MAX = 100;

/** The newest of what was not counted: where it came from, what it said, and what to do about it. */
export function RejectionList() {
  const { operations: said } = words.value;
  const loaded = useLoaded(
    'rejections',
    (signal) => get('/rejections', { limit: SHOWN_MAX }, { signal }),
    EVERY_MS,
  );
  const rejections = loaded.value?.rejections ?? [];
  return (
    <>
      <FailureNote of={loaded} />
      {loaded.value !== undefined && rejections.length === 0 && <p class="hint">{said.noRejections}</p>}
      {rejections.length > 0 && (
        <div class="scroll">
          <table class="rows rejections">
            <thead>
              <tr>
                {[said.at, said.reason, said.source, said.excerpt, said.todo].map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rejections.map(({ at, reason, source, excerpt, advice }) => (
                <tr key={`${at} ${source} ${excerpt}`}>
                  <td>{moment(Date.parse(at), 'full', clockPlace.value)}</td>
                  <td>
                    <code>{reason}</code>
                  </td>
                  <td>{source}</td>
                  <td>
                    <code class="excerpt">{excerpt}</code>
                  </td>
                  <td>{said.advice[reason] ?? advice}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
