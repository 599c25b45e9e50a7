import { get } from '../api/client.js';
import { fixed } from '../format/measures.js';
import { sum } from '../overview/ledger-line.js';
import { locale, words } from '../settings/settings.js';
import { useLoaded } from '../shell/use-loaded.js';

const EVERY_MS = 5000;

/** What became of the publishes of each source, and what it might have read and did not. */
export function SourceList() {
  const { operations: said } = words.value;
  const loaded = useLoaded('sources', (signal) => get('/sources', {}, { signal }), EVERY_MS);
  const sources = loaded.value?.sources ?? [];
  const count = (value: number) => fixed(value, 0, locale.value);
  if (sources.length === 0) return null;
  return (
    <section class="card">
      <h2>{said.sources}</h2>
      <div class="scroll">
        <table class="rows sources">
          <thead>
            <tr>
              {[said.source, said.topics, said.publishes, said.observations, said.ignored, said.rejected].map(
                (name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {sources.map((source) => (
              <tr key={source.name}>
                <th scope="row">{source.name}</th>
                <td>
                  <code>{source.filters.join(' ')}</code>
                </td>
                <td>{count(source.publishes)}</td>
                <td>{count(source.observations.count)}</td>
                <td>{count(source.ignored.count)}</td>
                <td>{count(sum(Object.values(source.rejected).map((line) => line.count)))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {sources.map(
        ({ name, ignored: { last } }) =>
          last != null && (
            <p key={name} class="hint source-note">
              {said.lastIgnored(name)} <code>{last.topic}</code> <code>{last.excerpt}</code>
            </p>
          ),
      )}
      {sources.flatMap(({ name, unused_keys }) =>
        unused_keys.map(({ path, example, topic }) => (
          <p key={`${name} ${path}`} class="hint">
            {said.unusedKey(name, path, example, topic)}
          </p>
        )),
      )}
    </section>
  );
}
