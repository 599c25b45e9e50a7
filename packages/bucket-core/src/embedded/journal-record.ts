import { Batch, ROW_LENGTH } from '../store/batch.js';

/**
 * A batch as the journal keeps it, all of it in 8-byte words so that rows are copied as they are:
 *
 *     word   type  field
 *     0      f64   version, 1
 *     1      f64   when it was committed, Unix milliseconds
 *     2      f64   number of labs, L
 *     3      f64   bytes of the names, N
 *     4      f64   for each of the L labs: number of its rows
 *     4 + L  N bytes of lab ids, each ended by \n, filled up to a whole word
 *     …      f64   the rows of one lab after the other: timestamp, identity, temp, humidity
 *
 * In the byte order of the machine, as everything in an LMDB file.
 */
const VERSION = 1;
const HEADER_WORDS = 4;

/** What a record says: rows that were committed at `nowMs`. */
export interface JournalRecord {
  readonly nowMs: number;
  readonly rowsByLab: ReadonlyMap<string, readonly number[]>;
}

export function encodeRecord({ nowMs, rowsByLab }: JournalRecord): Buffer {
  const names = Buffer.from(`${[...rowsByLab.keys()].join('\n')}\n`, 'latin1');
  let words = HEADER_WORDS + rowsByLab.size + Math.ceil(names.length / 8);
  for (const rows of rowsByLab.values()) words += rows.length;
  const values = new Float64Array(words);
  values.set([VERSION, nowMs, rowsByLab.size, names.length]);
  let at = HEADER_WORDS;
  for (const rows of rowsByLab.values()) values[at++] = rows.length / ROW_LENGTH;
  const bytes = Buffer.from(values.buffer);
  names.copy(bytes, at * 8);
  at += Math.ceil(names.length / 8);
  for (const rows of rowsByLab.values()) {
    values.set(rows, at);
    at += rows.length;
  }
  return bytes;
}

/** @throws Error when the bytes are no record of a known version. */
export function decodeRecord(bytes: Buffer): JournalRecord {
  // A copy, because what the database hands out may lie at any address.
  const values = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  if (values[0] !== VERSION) throw new Error(`not a journal record of version ${VERSION}: ${values[0]}`);
  const labs = values[2]!;
  const namesLength = values[3]!;
  const namesStart = (HEADER_WORDS + labs) * 8;
  const names = bytes.toString('latin1', namesStart, namesStart + namesLength - 1).split('\n');
  let at = HEADER_WORDS + labs + Math.ceil(namesLength / 8);
  const batch = new Batch();
  for (let i = 0; i < labs; i++) {
    const length = values[HEADER_WORDS + i]! * ROW_LENGTH;
    batch.addRows(names[i]!, Array.from(values.subarray(at, at + length)));
    at += length;
  }
  return { nowMs: values[1]!, rowsByLab: batch.rowsByLab };
}
