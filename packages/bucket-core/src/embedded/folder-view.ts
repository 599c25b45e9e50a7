import type { Rejection } from '../observation/rejection.js';
import type { StoreCount } from '../store/books.js';
import type { LabBucket } from '../store/bucket-store.js';
import type { LedgerReport } from '../store/ledger-counters.js';
import type { StoreFault } from '../store/store-fault.js';
import { readCatalog } from './catalog.js';
import { type LoadedFolder, loadFolder } from './engine/load-folder.js';
import { FaultList } from './fault-list.js';
import { DamagedFileError, DiskError } from './files/disk-error.js';
import { namesAfter } from './labs/name-pages.js';
import type { StoredConfiguration } from './stored-configuration.js';
import { BlockCache } from './tables/block-cache.js';

const CACHE_BYTES_MAX = 8 * 2 ** 20;
/** A running process may put tables together, or begin a new journal, while the folder is read. */
const READ_ATTEMPTS_MAX = 5;
const READ_PAUSE_MS = 200;

/**
 * A data folder as it was at one moment, read and never written: what a start after a kill at that moment would find. It
 * takes no lock, so the process that the folder belongs to may run.
 */
export class FolderView {
  readonly #faults = new FaultList(undefined);
  readonly #loaded: LoadedFolder;

  /**
   * Undefined: there is nothing in the folder.
   * @throws FolderFormatError; DamagedFileError; DiskError: as `EmbeddedStore.open`
   */
  static async read(dataDir: string): Promise<FolderView | undefined> {
    for (let attempt = 1; ; attempt++) {
      const catalog = readCatalog(dataDir);
      if (catalog === undefined) return undefined;
      try {
        return new FolderView(dataDir, catalog);
      } catch (error) {
        if (!(error instanceof DamagedFileError || error instanceof DiskError)) throw error;
        // What is missing may have been replaced meanwhile; the next catalog lists what took its place.
        const isCurrent = listing(readCatalog(dataDir)) === listing(catalog);
        if (attempt === READ_ATTEMPTS_MAX || isCurrent) throw error;
        await new Promise((resolve) => setTimeout(resolve, READ_PAUSE_MS));
      }
    }
  }

  private constructor(
    readonly dataDir: string,
    catalog: Catalog,
  ) {
    const { grid, deduplicationHorizonS } = catalog.content.configuration;
    // It admits no lab and lists no rejection that the folder does not have.
    const options = { grid, deduplicationHorizonS, labsMax: Number.MAX_SAFE_INTEGER, rejectionsMax: 100_000 };
    this.#loaded = loadFolder(
      dataDir,
      catalog,
      options,
      new BlockCache(CACHE_BYTES_MAX),
      this.#faults.report,
    );
  }

  /** What the folder was written under. */
  get configuration(): StoredConfiguration {
    return this.#loaded.content.configuration;
  }

  /** Its files, by what they are. */
  get files(): { readonly tables: number; readonly tableBytes: number; readonly journals: number } {
    const { tables, journals } = this.#loaded.content;
    return {
      tables: tables.length,
      tableBytes: tables.reduce((sum, { bytes }) => sum + bytes, 0),
      journals: journals.length,
    };
  }

  /** Labs that something is known of. */
  get labCount(): number {
    return this.#loaded.labs.count;
  }

  /** As BucketStore.labs. */
  labs(after: string, limit: number, nowMs: number): Promise<readonly string[]> {
    return namesAfter(this.#loaded.labs, after, limit, nowMs);
  }

  /** A lab's newest bucket, in the longest-lived resolution that has one; undefined if there is none. */
  latest(lab: string, nowMs: number): LabBucket | undefined {
    const { labs } = this.#loaded;
    return labs.orLeftOut(() => labs.newest(lab, nowMs));
  }

  /** The newest rejections, newest first. */
  rejections(limit: number): readonly Rejection[] {
    return this.#loaded.books.rejections.toReversed().slice(0, limit);
  }

  get ledgers(): readonly LedgerReport[] {
    return [...this.#loaded.books.ledgers.values()];
  }

  get counted(): readonly StoreCount[] {
    return this.#loaded.books.counted;
  }

  /** What could not be read. */
  get faults(): readonly StoreFault[] {
    return this.#faults.newest(Number.MAX_SAFE_INTEGER);
  }

  close(): void {
    this.#loaded.labs.tables.close();
  }
}

type Catalog = NonNullable<ReturnType<typeof readCatalog>>;

/** What a catalog lists, as a text to compare. */
function listing(catalog: Catalog | undefined): string {
  return JSON.stringify(catalog?.content);
}
