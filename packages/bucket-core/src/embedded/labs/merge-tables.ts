import { mergeAggregate } from '../../aggregate/aggregate.js';
import { packAggregate, unpackAggregate } from '../../aggregate/packed-aggregate.js';
import { bucketExpiryS, bucketStartS, type Resolution } from '../../grid/bucket-grid.js';
import { ROW_LENGTH } from '../../store/batch.js';
import { DamagedFileError } from '../files/disk-error.js';
import { Cursor } from '../tables/cursor.js';
import { type Group, MergedCursors } from '../tables/merge-cursors.js';
import type { Section, Table } from '../tables/table.js';
import { SECTION, sectionName } from '../tables/table-format.js';
import { numbersOf } from '../tables/table-set.js';
import type { SectionWriter, TableWriter } from '../tables/table-writer.js';
import { Turns } from '../turns.js';
import { DOUBTFUL, isDoubtful } from './doubtful.js';
import { liveChunks } from './identity-chunks.js';
import type { LabBuckets } from './lab-buckets.js';
import { RowFolder } from './row-folder.js';
import { packHead } from './save-delta.js';

/** A lab's hour may have so many rows as they came; beyond, they are added up. */
export const ROWS_MERGED_MAX = 16;

/**
 * Puts what several tables have into a new one, without what has expired. Everything else has its turns meanwhile.
 * @param rowsMax rows of a lab's hour that are left as they came
 * @throws DamagedFileError; DiskError
 */
export async function mergeTables(
  labs: LabBuckets,
  tables: readonly Table[],
  to: TableWriter,
  nowMs: number,
  rowsMax = ROWS_MERGED_MAX,
): Promise<void> {
  const turns = new Turns();
  const pause = async () => {
    if (to.isFull) await to.drain();
    if (turns.isDue) await turns.next();
  };
  for (const { kind, a, b } of distinctSections(tables)) {
    if (kind === SECTION.names) continue;
    if (kind === SECTION.bucket && isBucketExpired(labs, a, b, nowMs)) continue;
    if (kind === SECTION.rows && isHourExpired(labs, a, nowMs)) continue;
    const merged = new MergedCursors(cursorsOf(tables, kind, a, b), (place) => {
      throw new DamagedFileError(place, 'its checksum is wrong');
    });
    merged.seek(0);
    const section = to.section(kind, a, b);
    const put = kind === SECTION.rows ? rowsPutter(labs, section, to, a, nowMs, rowsMax) : PUT[kind]!;
    for (let group = merged.next(); group !== undefined; group = merged.next()) {
      put(group, section, nowMs);
      await pause();
    }
  }
  await mergeNames(labs, tables, to, pause);
}

type Put = (group: Group, section: SectionWriter, nowMs: number) => void;

const PUT: Readonly<Record<number, Put>> = {
  [SECTION.bucket]({ hash, name, cursors }, section) {
    if (cursors.length === 1) section.add(hash, name, cursors[0]!.value);
    else if (cursors.some(({ value }) => isDoubtful(value))) section.add(hash, name, DOUBTFUL);
    else {
      const sum = unpackAggregate(cursors[0]!.value);
      for (const { value } of cursors.slice(1)) mergeAggregate(sum, unpackAggregate(value));
      section.add(hash, name, packAggregate(sum));
    }
  },
  [SECTION.identities]({ hash, name, cursors }, section, nowMs) {
    const live = cursors.map(({ value }) => liveChunks(value, nowMs));
    const bytes = live.length === 1 ? live[0]! : Buffer.concat(live);
    if (bytes.length > 0) section.add(hash, name, bytes);
  },
  [SECTION.heads]({ hash, name, cursors }, section) {
    let newest = cursors[0]!.value;
    for (const { value } of cursors) if (value.readDoubleLE(0) >= newest.readDoubleLE(0)) newest = value;
    const [newestMs, identities, check] = [
      newest.readDoubleLE(0),
      newest.readUInt32LE(8),
      newest.readUInt32LE(12),
    ];
    section.add(hash, name, packHead(newestMs, identities, check));
  },
};

/** Rows stay rows while they are few; else they go to buckets and identities, in sections of their own. */
function rowsPutter(
  labs: LabBuckets,
  section: SectionWriter,
  to: TableWriter,
  hour: number,
  nowMs: number,
  rowsMax: number,
): Put {
  const folder = new RowFolder(labs.options, to, hour, nowMs);
  return ({ hash, name, cursors }) => {
    const bytes = cursors.length === 1 ? cursors[0]!.value : Buffer.concat(cursors.map(({ value }) => value));
    if (bytes.length <= rowsMax * ROW_LENGTH * 8) section.add(hash, name, bytes);
    else folder.add(hash, name, Array.from(numbersOf(bytes)));
  };
}

/** Names once each, without those of labs that are forgotten. */
async function mergeNames(
  labs: LabBuckets,
  tables: readonly Table[],
  to: TableWriter,
  pause: () => Promise<void>,
): Promise<void> {
  const cursors = cursorsOf(tables, SECTION.names, 0, 0);
  for (const cursor of cursors) cursor.seekBehind('');
  const section = to.section(SECTION.names);
  for (;;) {
    let first: string | undefined;
    for (const { isAtEnd, damagedTo, name, table } of cursors) {
      if (damagedTo !== undefined)
        throw new DamagedFileError(table.file.path, 'names of labs cannot be read');
      if (!isAtEnd && (first === undefined || name < first)) first = name;
    }
    if (first === undefined) return;
    for (const cursor of cursors) if (!cursor.isAtEnd && cursor.name === first) cursor.next();
    if (labs.isKnown(first)) section.add(0, first, Buffer.alloc(0));
    await pause();
  }
}

function cursorsOf(tables: readonly Table[], kind: Section['kind'], a: number, b: number): Cursor[] {
  return tables.flatMap((table) =>
    table.find(kind, a, b).map((section) => new Cursor(table, section, false)),
  );
}

function distinctSections(tables: readonly Table[]): Iterable<Section> {
  const sections = new Map<string, Section>();
  for (const table of tables)
    for (const section of table.sections)
      sections.set(sectionName(section.kind, section.a, section.b), section);
  return sections.values();
}

/** Whether nothing of a section is kept any more. Of identities, each chunk knows by itself. */
export function isSectionExpired(labs: LabBuckets, { kind, a, b }: Section, nowMs: number): boolean {
  if (kind === SECTION.bucket) return isBucketExpired(labs, a, b, nowMs);
  if (kind === SECTION.rows || kind === SECTION.identities) return isHourExpired(labs, a, nowMs);
  return false;
}

function isBucketExpired(labs: LabBuckets, durationS: number, startS: number, nowMs: number): boolean {
  const resolution = resolutionsOf(labs).find((one) => one.durationS === durationS);
  return resolution === undefined || bucketExpiryS(startS, resolution) * 1000 <= nowMs;
}

function isHourExpired(labs: LabBuckets, hour: number, nowMs: number): boolean {
  const { grid } = labs.options;
  const lastMs = (hour + 1) * 3_600_000 - 1;
  return resolutionsOf(labs).every((one) => {
    const startS = bucketStartS(lastMs, one.durationS, grid.alignmentS);
    return bucketExpiryS(startS, one) * 1000 <= nowMs;
  });
}

function resolutionsOf({ options, formerResolutions }: LabBuckets): readonly Resolution[] {
  return [...options.grid.resolutions, ...formerResolutions];
}
