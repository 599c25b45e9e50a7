import { statfsSync } from 'node:fs';
import { type Database, type DatabaseOptions, open, type RangeOptions, type RootDatabase } from 'lmdb';
import type { Aggregate } from '../aggregate/aggregate.js';
import { unpackAggregate } from '../aggregate/packed-aggregate.js';
import type { Rejection } from '../observation/rejection.js';
import type { LedgerReport } from '../store/ledger-counters.js';
import type { StoredConfiguration } from './stored-configuration.js';

/** The folder holds data in a format that this version does not know. */
export class FolderFormatError extends Error {
  override readonly name = 'FolderFormatError';

  constructor(readonly folder: string) {
    super(
      `${folder} holds data of another version of humtemp, which this one cannot read: move it away, or use that version`,
    );
  }
}

/** Who serves an MQTT session, and until when that is to be believed. */
export interface SessionRecord {
  readonly owner: string;
  readonly expiresMs: number;
  readonly value?: string;
}

/** Unix seconds of a lab's newest observation, and the newest journal record that is in its buckets. */
export type LabRecord = readonly [newestS: number, upTo: number];

const FORMAT = 2;
/** More than a transaction ever writes. */
const FREE_BYTES_MIN = 64 * 2 ** 20;

/**
 * The LMDB environment of the embedded store: what stands where. Keys are ordered so that each read is one range:
 *
 *     journal    number, rising          → a batch (journal-record.ts), until all of it is in the following three
 *     buckets    [duration, start, lab]  → packed aggregate
 *     identities [hour, lab, number]     → expiry in Unix seconds, then identities; further ones under the next number
 *     labs       lab                     → LabRecord
 *     rejections number, rising          → Rejection
 *     ledgers    process                 → LedgerReport
 *     sessions   name of an MQTT session → SessionRecord
 *     meta       'format'                → version of all this
 *                'configuration'         → StoredConfiguration
 */
export class Disk {
  readonly journal: Database<Buffer, number>;
  readonly buckets: Database<Buffer, [number, number, string]>;
  readonly identities: Database<Buffer, [number, string, number]>;
  readonly labs: Database<LabRecord, string>;
  readonly rejections: Database<Rejection, number>;
  readonly ledgers: Database<LedgerReport, string>;
  readonly sessions: Database<SessionRecord, string>;
  readonly configuration: Database<StoredConfiguration, 'configuration'>;
  /** The same as `buckets`, unpacked where LMDB has it: nothing is copied before. */
  readonly #unpacked: Database<Aggregate | Error, [number, number, string]>;
  #withHistograms = true;
  readonly #meta: Database<number, string>;
  readonly #root: RootDatabase;

  /** @throws FolderFormatError; the file system's error when the database cannot be opened. */
  constructor(readonly folder: string) {
    // Not overlapping: a write resolves when its transaction is on the disk. Without event turn batching, because with
    // it a transaction that fails rejects a promise that nobody can handle.
    this.#root = open({
      path: folder,
      overlappingSync: false,
      eventTurnBatching: false,
      maxDbs: 8,
      noSubdir: false,
    });
    const names = [...this.#root.getKeys()];
    this.#meta = this.#root.openDB('meta', { encoding: 'ordered-binary' });
    if (names.length === 0) this.#meta.putSync('format', FORMAT);
    if (this.#meta.get('format') !== FORMAT) {
      void this.#root.close();
      throw new FolderFormatError(folder);
    }
    this.configuration = this.#root.openDB('meta', { encoding: 'json' });
    this.journal = this.#root.openDB('journal', { encoding: 'binary' });
    this.buckets = this.#root.openDB('buckets', { encoding: 'binary' });
    this.#unpacked = this.#root.openDB('buckets', {
      encoder: { encode: neverWritten, decode: (bytes: Buffer) => this.#unpack(bytes) },
    } as DatabaseOptions);
    this.identities = this.#root.openDB('identities', { encoding: 'binary' });
    this.labs = this.#root.openDB('labs', { encoding: 'ordered-binary' });
    this.rejections = this.#root.openDB('rejections', { encoding: 'json' });
    this.ledgers = this.#root.openDB('ledgers', { encoding: 'json' });
    this.sessions = this.#root.openDB('sessions', { encoding: 'json' });
  }

  countLabs(): number {
    return (this.labs.getStats() as { readonly entryCount: number }).entryCount;
  }

  hasBuckets(durationS: number): boolean {
    const range = { start: [durationS], end: [durationS + 1], limit: 1 };
    return [...this.buckets.getKeys(range as never)].length > 0;
  }

  /** @throws Error where it holds what it must not hold. */
  bucket(durationS: number, startS: number, lab: string, withHistograms = true): Aggregate | undefined {
    this.#withHistograms = withHistograms;
    return known(this.#unpacked.get([durationS, startS, lab]));
  }

  /** Labs after `after` that have this bucket, in order, at most `limit`. */
  labsOf(durationS: number, startS: number, after: string, limit: number): string[] {
    const keys = this.buckets.getKeys(labRange(durationS, startS, after, limit));
    return [...keys].map(([, , lab]) => lab);
  }

  /** The same, with their buckets. @throws Error where it holds what it must not hold. */
  bucketsOf(
    durationS: number,
    startS: number,
    after: string,
    limit: number,
    withHistograms = true,
  ): { lab: string; startS: number; aggregate: Aggregate }[] {
    this.#withHistograms = withHistograms;
    const entries = this.#unpacked.getRange(labRange(durationS, startS, after, limit));
    return [...entries].map(({ key, value }) => ({ lab: key[2], startS, aggregate: known(value) }));
  }

  /** Every identity that is held for a lab's hour, and when they may be forgotten; undefined if none is. */
  identitiesOf(hour: number, lab: string): { expiryS: number; chunks: Float64Array[] } | undefined {
    const chunks = [...this.identities.getRange(identityRange(hour, lab))].map(({ value }) =>
      doublesOf(value),
    );
    if (chunks.length === 0) return undefined;
    return {
      expiryS: Math.max(...chunks.map((chunk) => chunk[0]!)),
      chunks: chunks.map((chunk) => chunk.subarray(1)),
    };
  }

  putIdentities(
    hour: number,
    lab: string,
    number: number,
    expiryS: number,
    identities: readonly number[],
  ): void {
    const chunk = new Float64Array(identities.length + 1);
    chunk[0] = expiryS;
    chunk.set(identities, 1);
    this.identities.put([hour, lab, number], Buffer.from(chunk.buffer));
  }

  removeIdentities(hour: number, lab: string): void {
    for (const key of [...this.identities.getKeys(identityRange(hour, lab))]) this.identities.remove(key);
  }

  /**
   * Does all puts and removes of `work` in one transaction; resolves when it is on the disk.
   * @throws Error, and nothing was done, when it cannot be written.
   */
  async write(work: () => void): Promise<void> {
    // LMDB may corrupt its process' memory when a write fails for want of room, so it is not let come to that.
    const { bavail, bsize } = statfsSync(this.folder);
    if (bavail * bsize < FREE_BYTES_MIN)
      throw new Error(
        `the disk of ${this.folder} is full: less than ${FREE_BYTES_MIN / 2 ** 20} MiB are free`,
      );
    try {
      await this.#root.batch(() => {
        work();
        // What is put and removed within a batch shares one more promise; its failure is told by the batch's own.
        this.#meta.remove('nothing').catch(() => {});
      });
    } catch (error) {
      const { commitError } = error as { commitError?: Promise<unknown> };
      const cause = await Promise.resolve(commitError).catch((reason: Error) => reason);
      if (!(cause instanceof Error)) throw error;
      // What LMDB says of a write that the disk took only in part.
      throw /Input\/output/.test(cause.message)
        ? new Error(`cannot write to the disk (is it full?): ${cause.message}`, { cause })
        : cause;
    }
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  /** What it does not know is returned: LMDB must not see an error, or it keeps its cursor for ever. */
  #unpack(bytes: Buffer): Aggregate | Error {
    try {
      return unpackAggregate(bytes, this.#withHistograms);
    } catch (error) {
      return error as Error;
    }
  }
}

function known<T extends Aggregate | undefined>(value: T | Error): T {
  if (value instanceof Error) throw value;
  return value;
}

function neverWritten(): never {
  throw new Error('buckets are written packed');
}

function labRange(durationS: number, startS: number, after: string, limit: number): RangeOptions {
  return {
    start: [durationS, startS, after],
    end: [durationS, startS + 1],
    exclusiveStart: true,
    limit,
  };
}

function identityRange(hour: number, lab: string): { start: never; end: never } {
  return { start: [hour, lab] as never, end: [hour, `${lab}\u0000`] as never };
}

function doublesOf(bytes: Buffer): Float64Array {
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
