import { packAggregate } from '../../aggregate/packed-aggregate.js';
import { identityHour } from '../../observation/identity.js';
import { SECTION, type SectionKind, sectionName } from '../tables/table-format.js';
import type { SectionWriter, TableWriter } from '../tables/table-writer.js';
import { Turns } from '../turns.js';
import type { Delta } from './delta.js';
import { DOUBTFUL } from './doubtful.js';
import { packChunk } from './identity-chunks.js';
import type { LabBuckets } from './lab-buckets.js';
import type { LabDelta } from './lab-delta.js';
import { groupedByHash } from './lab-order.js';

/** Names sorted at a time. */
const SORTED_NAMES = 8192;

/** Puts a delta into a table. Everything else has its turns meanwhile; the delta must not change. @throws DiskError */
export async function saveDelta(labs: LabBuckets, delta: Delta, table: TableWriter): Promise<void> {
  const turns = new Turns();
  const heads = table.section(SECTION.heads);
  const sections = new Map<string, SectionWriter>();
  const sectionOf = (kind: SectionKind, a: number, b = 0) => {
    const name = sectionName(kind, a, b);
    let section = sections.get(name);
    if (section === undefined) {
      section = table.section(kind, a, b);
      sections.set(name, section);
    }
    return section;
  };
  for await (const group of groupedByHash(delta.labs.values(), delta.labs.size, turns))
    for (const state of group) {
      saveLab(labs, state, sectionOf);
      heads.add(state.hash, state.lab, packHead(state.newestMs, state.newestIdentities, state.check));
      if (table.isFull) await table.drain();
      if (turns.isDue) await turns.next();
    }
  const names = [...delta.newLabs];
  for (let i = 0; i < names.length; i += SORTED_NAMES) {
    const section = table.section(SECTION.names);
    for (const name of names.slice(i, i + SORTED_NAMES).sort()) section.add(0, name, NOTHING);
    if (table.isFull) await table.drain();
    await turns.next();
  }
}

const NOTHING = Buffer.alloc(0);

function saveLab(
  { options }: LabBuckets,
  state: LabDelta,
  sectionOf: (kind: SectionKind, a: number, b?: number) => SectionWriter,
): void {
  const { hash, lab, rows } = state;
  if (rows !== undefined) {
    if (rows.length > 0) sectionOf(SECTION.rows, identityHour(rows[0]!)).addNumbers(hash, lab, rows);
    return;
  }
  state.fold();
  for (const { resolution, startS, aggregate, isDoubtful } of state.buckets) {
    if (aggregate.observations === 0) continue;
    const { durationS } = options.grid.resolutions[resolution]!;
    sectionOf(SECTION.bucket, durationS, startS).add(
      hash,
      lab,
      isDoubtful ? DOUBTFUL : packAggregate(aggregate),
    );
  }
  for (const { hour, expiryS, added } of state.hours)
    if (added.length > 0) sectionOf(SECTION.identities, hour).add(hash, lab, packChunk(expiryS, added));
}

/** What a section of heads has of a lab. */
export function packHead(newestMs: number, identities: number, check: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeDoubleLE(newestMs, 0);
  bytes.writeUInt32LE(identities, 8);
  bytes.writeUInt32LE(check, 12);
  return bytes;
}
