import { ApiFailure } from '../api/client.js';
import { idChunks } from '../api/id-chunks.js';
import { ClockOffset } from './clock-offset.js';
import type { HubMessage, Ledger, Link } from './hub-message.js';
import {
  type LabReport,
  type LabsPage,
  type LiveLab,
  listedReports,
  refreshedReport,
  streamedReport,
} from './lab-report.js';
import { RateMeter } from './rate-meter.js';

/** Where the hub gets everything from; tests have their own. */
export interface HubSources {
  /** @param labs those that it is about; all if not given. */
  openStream(listener: StreamListener, labs?: readonly string[]): { close(): void };
  ledger(): Promise<Ledger>;
  labs(cursor: string | undefined): Promise<LabsPage>;
  /** Unix milliseconds. */
  clock(): number;
  after(ms: number, action: () => void): () => void;
}

export interface StreamListener {
  /** A snapshot or changes: `at` is the service's time. */
  onLabs(at: string, labs: readonly LiveLab[]): void;
  /** The service lives, its store does not answer. */
  onUnavailable(): void;
  onError(): void;
}

const LEDGER_EVERY_MS = 2000;
const RETRY_MS = [1000, 2000, 4000, 8000] as const;
/** A stream silent for so long is opened again: its heartbeat cannot be seen from here. */
const QUIET_MS = 60_000;
/** A stream is about a thousand labs at most; of more, and of those that have gone, the list says it. */
const LIST_EVERY_MS = 30_000;
const LIST_EVERY_MS_OF_MANY = 10_000;
/** Somebody waits for a first observation to show. */
const LIST_EVERY_MS_OF_NONE = 1500;
export const STREAMED_LABS_MAX = 1000;
/** Of more labs than that, those in the windows of the pages have a stream. Whoever scrolls has come to rest after so long. */
const WATCH_AFTER_MS = 300;
const WATCHED_MAX = 400;

/** A page that has joined. */
export interface Membership {
  leave(): void;
  /** Says which labs are in the page's window. */
  watch(ids: readonly string[]): void;
}

/**
 * The one connection of a browser to the service, for all its pages.
 *
 *     connecting ──first answer──▶ live ──error, no answer──▶ lost ──retry after 1, 2, 4, 8, 8 … s──▶ live
 *
 * It keeps the newest of each lab, so that a further page has everything at once. In `lost` it keeps them too: how old
 * they are is for the pages to say.
 */
export class Hub {
  readonly #labs = new Map<string, LabReport>();
  /** Who listens, and what each watches. */
  readonly #listeners = new Map<(message: HubMessage) => void, readonly string[]>();
  readonly #rate = new RateMeter();
  readonly #offset = new ClockOffset();
  #link: Link = { state: 'connecting' };
  #ledger: HubMessage | undefined;
  #stream: { close(): void } | undefined;
  readonly #streamedSinceRead = new Set<string>();
  #isListed = false;
  #failures = 0;
  /** What the stream is about; empty: all labs. */
  #streamed = '';
  #cancelWatch = () => {};
  #cancelQuiet = () => {};
  #cancelRetry = () => {};

  constructor(readonly sources: HubSources) {}

  start(): void {
    this.#openStream();
    void this.#pollLedger();
    void this.#pollList();
  }

  /** Calls the listener with all that is known, and then with each change, until it leaves. */
  join(listener: (message: HubMessage) => void): Membership {
    this.#listeners.set(listener, []);
    listener({ kind: 'clock', aheadMs: this.#offset.aheadMs });
    if (this.#isListed || this.#labs.size > 0)
      listener({ kind: 'labs', isAll: this.#isListed, labs: [...this.#labs.values()] });
    if (this.#ledger !== undefined) listener(this.#ledger);
    listener({ kind: 'link', link: this.#link });
    return {
      leave: () => {
        this.#listeners.delete(listener);
        this.#followWatched();
      },
      watch: (ids) => {
        if (!this.#listeners.has(listener)) return;
        this.#listeners.set(listener, ids);
        this.#followWatched();
      },
    };
  }

  /** Tries at once: somebody has signed in, or asks for it. */
  retry(): void {
    this.#failures = 0;
    this.#openStream();
    void this.#readLedger();
    void this.#readList();
  }

  #openStream(): void {
    this.#stream?.close();
    this.#stream = undefined;
    this.#cancelRetry();
    this.#cancelQuiet();
    const watched = this.#watched();
    this.#streamed = watched?.join() ?? '';
    // Nobody looks: the list is enough.
    if (watched?.length === 0) return;
    this.#waitInQuiet();
    const listener: StreamListener = {
      onLabs: (at, labs) => {
        this.#failures = 0;
        this.#waitInQuiet();
        this.#noteServiceTime(Date.parse(at));
        this.#useStream(labs);
        this.#setLink({ state: 'live' });
      },
      onUnavailable: () => {
        this.#waitInQuiet();
        this.#fall('store_down');
      },
      onError: () => {
        this.#stream?.close();
        this.#cancelQuiet();
        // Without its store the service refuses streams too: the ledger says which of them is gone.
        // Of too many labs there is no stream: then the list says that the service lives, also before it is there.
        const isRefused = this.#isOfMany || (this.#link.state === 'connecting' && this.#failures === 0);
        if (this.#link.state !== 'store_down' && !isRefused) this.#fall('lost');
        void this.#readLedger();
        const delayMs = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)]!;
        this.#failures += 1;
        this.#cancelRetry = this.sources.after(delayMs, () => this.#openStream());
      },
    };
    this.#stream = this.sources.openStream(listener, watched);
  }

  /** The labs in the windows of all pages, where a stream cannot be about all there are; else undefined. */
  #watched(): readonly string[] | undefined {
    if (!this.#isOfMany) return undefined;
    const ids = new Set([...this.#listeners.values()].flat());
    // Who names one that may not be seen has no stream at all.
    const known = [...ids].filter((id) => this.#labs.has(id)).sort();
    return idChunks(known, WATCHED_MAX)[0] ?? [];
  }

  /** Opens the stream anew once it should be about others, and whoever scrolls has come to rest. */
  #followWatched(): void {
    this.#cancelWatch();
    this.#cancelWatch = this.sources.after(WATCH_AFTER_MS, () => {
      if ((this.#watched()?.join() ?? '') === this.#streamed) return;
      this.#failures = 0;
      this.#openStream();
    });
  }

  #waitInQuiet(): void {
    this.#cancelQuiet();
    this.#cancelQuiet = this.sources.after(QUIET_MS, () => this.#openStream());
  }

  async #pollLedger(): Promise<void> {
    await this.#readLedger();
    this.sources.after(LEDGER_EVERY_MS, () => void this.#pollLedger());
  }

  async #readLedger(): Promise<void> {
    try {
      const ledger = await this.sources.ledger();
      // The only clock of the service that is seen where there is no stream.
      this.#noteServiceTime(Date.parse(ledger.at));
      const perSecond = this.#rate.add(ledger.received, this.sources.clock());
      this.#ledger = { kind: 'ledger', ledger, perSecond };
      this.#tell(this.#ledger);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #pollList(): Promise<void> {
    await this.#readList();
    this.sources.after(this.#listEveryMs(), () => void this.#pollList());
  }

  #listEveryMs(): number {
    if (this.#labs.size === 0) return LIST_EVERY_MS_OF_NONE;
    return this.#labs.size > STREAMED_LABS_MAX ? LIST_EVERY_MS_OF_MANY : LIST_EVERY_MS;
  }

  async #readList(): Promise<void> {
    try {
      const found: LabReport[] = [];
      this.#streamedSinceRead.clear();
      let cursor: string | undefined;
      do {
        const page = await this.sources.labs(cursor);
        const reports = listedReports(page);
        found.push(...reports);
        if (!this.#isListed && page.next_cursor !== null) this.#addReports(reports);
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined);
      this.#useList(found);
    } catch (error) {
      this.#fail(error);
    }
  }

  #useStream(labs: readonly LiveLab[]): void {
    let isNew = false;
    const changed = labs.map((lab) => {
      const known = this.#labs.get(lab.lab_id);
      isNew ||= known === undefined;
      const report = streamedReport(known, lab);
      this.#labs.set(report.id, report);
      this.#streamedSinceRead.add(report.id);
      return report;
    });
    this.#tell({ kind: 'labs', isAll: false, labs: changed });
    // A stream does not say what the labs file says.
    if (isNew && this.#isListed) void this.#readList();
  }

  /** The first labs of a long list: nobody has to wait for its end. */
  #addReports(listed: readonly LabReport[]): void {
    for (const lab of listed) this.#labs.set(lab.id, refreshedReport(this.#labs.get(lab.id), lab));
    this.#tell({ kind: 'labs', isAll: false, labs: listed.map(({ id }) => this.#labs.get(id)!) });
  }

  #useList(listed: readonly LabReport[]): void {
    const ids = new Set(listed.map(({ id }) => id));
    // What came while the list was being read may not be in it yet.
    for (const id of this.#labs.keys())
      if (!ids.has(id) && !this.#streamedSinceRead.has(id)) this.#labs.delete(id);
    for (const lab of listed) this.#labs.set(lab.id, refreshedReport(this.#labs.get(lab.id), lab));
    this.#isListed = true;
    this.#tell({ kind: 'labs', isAll: true, labs: [...this.#labs.values()] });
    if (this.#isOfMany) this.#setLink({ state: 'live' });
    this.#followWatched();
  }

  get #isOfMany(): boolean {
    return this.#isListed && this.#labs.size > STREAMED_LABS_MAX;
  }

  #noteServiceTime(ms: number): void {
    if (this.#offset.add(ms - this.sources.clock()))
      this.#tell({ kind: 'clock', aheadMs: this.#offset.aheadMs });
  }

  #fail(error: unknown): void {
    if (!(error instanceof ApiFailure)) throw error;
    if (error.status === 401) this.#signOut();
    else this.#fall(error.status === 0 ? 'lost' : 'store_down');
  }

  /** Nothing of whoever was here is left. */
  #signOut(): void {
    if (this.#link.state === 'signed_out') return;
    this.#labs.clear();
    this.#isListed = false;
    this.#ledger = undefined;
    this.#tell({ kind: 'labs', isAll: true, labs: [] });
    this.#setLink({ state: 'signed_out' });
  }

  #fall(state: 'lost' | 'store_down'): void {
    if (this.#link.state === state || this.#link.state === 'signed_out') return;
    const sinceMs = 'sinceMs' in this.#link ? this.#link.sinceMs : this.sources.clock();
    this.#setLink({ state, sinceMs });
  }

  #setLink(link: Link): void {
    if (link.state === this.#link.state) return;
    this.#link = link;
    this.#tell({ kind: 'link', link });
  }

  #tell(message: HubMessage): void {
    for (const listener of this.#listeners.keys()) listener(message);
  }
}
