import { useState } from 'preact/hooks';
import { fixed, inUnit, percent } from '../format/measures.js';
import { moment } from '../format/moments.js';
import { type Bucket, METRICS } from '../lab/series.js';
import { clockPlace, locale, unit, words } from '../settings/settings.js';

/** Every bucket of the charts as a row, the newest first. Made only when somebody opens it. */
export function BucketTable({ buckets }: { readonly buckets: readonly Bucket[] }) {
  const { lab: said, metric } = words.value;
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="card" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{said.table}</summary>
      {isOpen && (
        <div class="scroll">
          <table class="rows">
            <thead>
              <tr>
                <th scope="col">{said.from}</th>
                {METRICS.map((one) =>
                  [said.avg, said.min, said.max].map((column) => (
                    <th key={`${one} ${column}`} scope="col">
                      {metric[one]}, {column}
                    </th>
                  )),
                )}
                <th scope="col">{said.observations}</th>
                <th scope="col">{said.coverage}</th>
              </tr>
            </thead>
            <tbody>
              {buckets.toReversed().map((bucket) => (
                <tr key={bucket.start}>
                  <th scope="row">{moment(Date.parse(bucket.start), 'moment', clockPlace.value)}</th>
                  {METRICS.map((one) =>
                    (['avg', 'min', 'max'] as const).map((key) => {
                      const value = bucket[one]?.[key];
                      const shown =
                        value !== undefined && one === 'temp' ? inUnit(value, unit.value.value) : value;
                      return (
                        <td key={`${one} ${key}`}>{fixed(shown, one === 'temp' ? 2 : 1, locale.value)}</td>
                      );
                    }),
                  )}
                  <td>{bucket.observations}</td>
                  <td>{percent(bucket.coverage, locale.value)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
