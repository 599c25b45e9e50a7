import { type Aggregate, addObservation, emptyAggregate } from '../../aggregate/aggregate.js';
import { keepsHistograms } from '../../aggregate/histogram.js';
import { packAggregate } from '../../aggregate/packed-aggregate.js';
import { identityOf } from '../../observation/identity.js';
import { ROW_LENGTH } from '../../store/batch.js';
import { partsOf } from '../../store/batch-part.js';
import { identitiesExpiryS } from '../../store/deduplication.js';
import type { StoreOptions } from '../../store/store-options.js';
import { SECTION } from '../tables/table-format.js';
import type { SectionWriter, TableWriter } from '../tables/table-writer.js';
import { packChunk } from './identity-chunks.js';

/** Makes buckets and identities of rows of one hour. Labs come in the order of tables. */
export class RowFolder {
  readonly #buckets = new Map<string, SectionWriter>();
  #identities: SectionWriter | undefined;

  constructor(
    readonly options: StoreOptions,
    readonly to: TableWriter,
    readonly hour: number,
    readonly nowMs: number,
  ) {}

  add(hash: number, lab: string, rows: readonly number[]): void {
    const { grid, deduplicationHorizonS } = this.options;
    const sums = new Map<string, { durationS: number; startS: number; aggregate: Aggregate }>();
    for (const part of partsOf(lab, rows, grid, this.nowMs).parts)
      part.startsS.forEach((startS, resolution) => {
        if (startS === undefined) return;
        const { durationS } = grid.resolutions[resolution]!;
        const key = `${durationS} ${startS}`;
        let sum = sums.get(key);
        if (sum === undefined) {
          sum = { durationS, startS, aggregate: emptyAggregate(keepsHistograms(durationS)) };
          sums.set(key, sum);
        }
        for (let i = 0; i < part.rows.length; i += ROW_LENGTH)
          addObservation(sum.aggregate, part.rows[i]!, part.rows[i + 2]!, part.rows[i + 3]!);
      });
    for (const [key, { durationS, startS, aggregate }] of sums) {
      let section = this.#buckets.get(key);
      if (section === undefined) {
        section = this.to.section(SECTION.bucket, durationS, startS);
        this.#buckets.set(key, section);
      }
      section.add(hash, lab, packAggregate(aggregate));
    }
    if (deduplicationHorizonS === 0) return;
    const expiryS = identitiesExpiryS(this.hour, deduplicationHorizonS, grid, this.hour * 3_600_000);
    if (expiryS * 1000 <= this.nowMs) return;
    const identities: number[] = [];
    for (let i = 0; i < rows.length; i += ROW_LENGTH)
      identities.push(identityOf(rows[i]!, rows[i + 2]!, rows[i + 3]!, rows[i + 1]!));
    this.#identities ??= this.to.section(SECTION.identities, this.hour);
    this.#identities.add(hash, lab, packChunk(expiryS, identities));
  }
}
