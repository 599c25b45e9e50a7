import type { Rejection } from '../../observation/rejection.js';
import { ROW_LENGTH } from '../../store/batch.js';

/**
 * A batch as the journal keeps it, all of it in 8-byte words so that rows are copied as they are:
 *
 *     word   type  field
 *     0      f64   when it was committed, Unix milliseconds
 *     1      f64   number of labs, L
 *     2      f64   bytes of the names, N
 *     3      f64   bytes of the rejections, R
 *     4      f64   for each of the L labs: number of its rows
 *     4 + L  N bytes of lab ids, each ended by \n, filled up to a whole word
 *     …      f64   the rows of one lab after the other: timestamp, identity, temp, humidity
 *     …      R bytes of rejections in JSON, which no observation depends on
 *
 * In the byte order of the machine.
 */
const HEADER_WORDS = 4;

/** What a record says: rows that were committed at `nowMs`, and what was rejected. */
export interface BatchRecord {
  readonly nowMs: number;
  readonly rowsByLab: ReadonlyMap<string, readonly number[]>;
  readonly rejections: readonly Rejection[];
}

/** Measures first, so that it can be encoded in its place. */
export class EncodedBatch {
  readonly bytes: number;
  readonly #names: Buffer;
  readonly #rejections: Buffer;
  readonly #rowWords: number;

  constructor(readonly record: BatchRecord) {
    const { rowsByLab, rejections } = record;
    this.#names = Buffer.from(`${[...rowsByLab.keys()].join('\n')}\n`, 'latin1');
    this.#rejections = rejections.length === 0 ? Buffer.alloc(0) : Buffer.from(JSON.stringify(rejections));
    let rowWords = 0;
    for (const rows of rowsByLab.values()) rowWords += rows.length;
    this.#rowWords = rowWords;
    const words = HEADER_WORDS + rowsByLab.size + Math.ceil(this.#names.length / 8) + rowWords;
    this.bytes = words * 8 + this.#rejections.length;
  }

  /** `bytes` begins at a multiple of 8. */
  encode(bytes: Buffer): void {
    const { nowMs, rowsByLab } = this.record;
    const rejectionsLength = this.#rejections.length;
    const words = (this.bytes - rejectionsLength) / 8;
    const values = new Float64Array(bytes.buffer, bytes.byteOffset, words);
    values[0] = nowMs;
    values[1] = rowsByLab.size;
    values[2] = this.#names.length;
    values[3] = rejectionsLength;
    let at = HEADER_WORDS;
    for (const rows of rowsByLab.values()) values[at++] = rows.length / ROW_LENGTH;
    const rowsAt = words - this.#rowWords;
    values.fill(0, at, rowsAt);
    this.#names.copy(bytes, at * 8);
    at = rowsAt;
    for (const rows of rowsByLab.values()) {
      values.set(rows, at);
      at += rows.length;
    }
    this.#rejections.copy(bytes, words * 8);
  }
}

/** Of bytes whose checksum was right. */
export function decodeBatch(bytes: Buffer): BatchRecord {
  const words = Math.floor(bytes.length / 8);
  // A copy, because what a file is read into may lie at any address.
  const values = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + words * 8));
  const labs = values[1]!;
  const namesLength = values[2]!;
  const rejectionsLength = values[3]!;
  const namesStart = (HEADER_WORDS + labs) * 8;
  const names = bytes.toString('latin1', namesStart, namesStart + namesLength - 1).split('\n');
  let at = HEADER_WORDS + labs + Math.ceil(namesLength / 8);
  const rowsByLab = new Map<string, number[]>();
  for (let i = 0; i < labs; i++) {
    const length = values[HEADER_WORDS + i]! * ROW_LENGTH;
    rowsByLab.set(names[i]!, Array.from(values.subarray(at, at + length)));
    at += length;
  }
  const rejections =
    rejectionsLength === 0
      ? []
      : (JSON.parse(bytes.toString('utf8', bytes.length - rejectionsLength)) as Rejection[]);
  return { nowMs: values[0]!, rowsByLab, rejections };
}
