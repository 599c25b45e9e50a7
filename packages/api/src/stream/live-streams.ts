import type { Writable } from 'node:stream';
import type { Logger } from 'pino';
import type { LabFilter } from '../access/lab-filter.js';
import type { Scope } from '../access/scope.js';
import { ProblemError } from '../http/problem.js';
import { CLIENT_SHARE, Shares, shareOf } from '../http/shares.js';
import { Turns } from '../http/turns.js';
import type { Channel, FirstFrame, WatchedLab } from './channel.js';
import { Channels, type ChannelsOptions } from './channels.js';
import { HEARTBEAT, retryAfterDisconnect, serverSentEvent } from './server-sent-event.js';
import { StreamClient } from './stream-client.js';

export interface LiveStreamsOptions
  extends Omit<ChannelsOptions, 'listMs' | 'clientShare' | 'watchedLabsMax'> {
  /** What is told of each lab, in the order of the labs; undefined for a lab without data. */
  readonly summaries: (labs: readonly string[]) => Promise<readonly unknown[]>;
  readonly log: Logger;
  /** Streams open at a time. */
  readonly streamsMax?: number;
  /** Labs that all streams are about. */
  readonly watchedLabsMax?: number;
  /** What one client may have of the streams, and of the labs that they are about. */
  readonly clientShare?: number;
  /** Between two turns. */
  readonly everyMs?: number;
  /** Silence after which a comment is sent. */
  readonly heartbeatMs?: number;
  /** A client that does not read for so long is disconnected. */
  readonly stuckMsMax?: number;
  /** How long after its last client what has changed is still known, to resume. */
  readonly resumeMs?: number;
  /** How often new labs are looked for, among many; more often among few. */
  readonly listMs?: number;
}

export interface StreamCounters {
  readonly open: number;
  readonly labs: number;
  /** Their clients did not read. */
  readonly cut: number;
}

const DEFAULTS = {
  streamsMax: 1000,
  watchedLabsMax: 20_000,
  clientShare: CLIENT_SHARE,
  everyMs: 1000,
  heartbeatMs: 15_000,
  stuckMsMax: 30_000,
  resumeMs: 60_000,
  listMs: 5000,
} as const;

/** Labs that are summarised by one call. */
const SUMMARIES_AT_ONCE = 250;

/**
 * Streams of changed labs. As long as anybody listens, and a while longer, one turn follows another, a second apart:
 *
 *     take what has changed ▶ summarise each of these labs once ▶ a frame for each channel ▶ to its clients
 *
 * A lab's changes are not queued: it has the number of the turn in which it last changed. Whoever was told everything
 * up to some turn, because it resumes there or has not read for a while, is told of the labs that changed after it, or
 * joined its channel after it.
 */
export class LiveStreams {
  readonly #options: Required<LiveStreamsOptions>;
  readonly #channels: Channels;
  readonly #streamsOf: Shares;
  /** Labs that have changed and are not summarised yet: the store may be out of reach. */
  #changed = new Set<string>();
  readonly #work = new Turns();
  #turn = 0;
  #open = 0;
  #cut = 0;
  #isTurning = false;
  #isFailing = false;
  #isClosed = false;

  constructor(options: LiveStreamsOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#channels = new Channels(this.#options);
    this.#streamsOf = new Shares(shareOf(this.#options.streamsMax, this.#options.clientShare));
  }

  /** Streams that are open; labs that they, and those that may resume, are about; streams cut since the start. */
  counters(): StreamCounters {
    return { open: this.#open, labs: this.#channels.labs, cut: this.#cut };
  }

  /**
   * The body of a new stream: what has changed since `lastEventId` where that is known, a snapshot otherwise; and then
   * what changes.
   * @param asks who opens it, as shares are counted.
   * @param outgoing the response that the body goes to, if there is a connection.
   * @throws ProblemError, or the error of the store.
   */
  async open(
    filter: LabFilter,
    scope: Scope,
    asks: string,
    lastEventId: string | undefined,
    outgoing: Writable | undefined,
  ): Promise<ReadableStream<Uint8Array>> {
    this.#refuseIfClosed();
    const { streamsMax } = this.#options;
    if (this.#open >= streamsMax) throw unavailable(`${streamsMax} streams are open, as many as may be`, 10);
    if (!this.#streamsOf.allows(asks, 1)) throw tooManyOf(this.#streamsOf.max);
    const leave = () => {
      this.#open -= 1;
      this.#streamsOf.add(asks, -1);
      if (channel !== undefined) this.#channels.leave(channel, asks);
    };
    this.#open += 1;
    this.#streamsOf.add(asks, 1);
    let channel: Channel | undefined;
    try {
      channel = await this.#channels.enter(filter, scope, asks, this.#turn);
      if (!this.#isTurning) this.#turnLater();
      const { frame, turn } = await this.#firstFrame(channel, lastEventId);
      this.#refuseIfClosed();
      if (channel.isDropped) throw unavailable('the labs of this stream have become too many meanwhile', 1);
      return this.#connect(channel, scope, frame, turn, outgoing, leave);
    } catch (error) {
      leave();
      throw error;
    } finally {
      if (channel !== undefined) {
        channel.opening -= 1;
        channel.idleSinceMs = performance.now();
      }
    }
  }

  /** Ends every stream, and takes no more. Clients that do not read are cut a second later. */
  close(): void {
    this.#isClosed = true;
    for (const channel of this.#channels) for (const client of channel.clients) client.end();
  }

  #refuseIfClosed(): void {
    if (this.#isClosed) throw unavailable('this process stops', 5);
  }

  async #firstFrame(channel: Channel, lastEventId: string | undefined): Promise<FirstFrame> {
    const turn = this.#turn;
    const told = channel.resumeTurn(lastEventId, turn);
    if (told !== undefined)
      return { frame: channel.changesSince(told, turn) ?? channel.event('changes', [], turn), turn };
    // What changes while the snapshot is read is told after it.
    return channel.snapshot(this.#options.everyMs, async () => {
      const texts = await this.#snapshotTexts(channel, turn);
      return { frame: channel.event('snapshot', texts, turn), turn };
    });
  }

  #connect(
    channel: Channel,
    scope: Scope,
    first: Buffer,
    toldTurn: number,
    outgoing: Writable | undefined,
    leave: () => void,
  ): ReadableStream<Uint8Array> {
    const onGone = () => {
      leave();
      channel.clients.delete(client);
      channel.idleSinceMs = performance.now();
    };
    const client: StreamClient = new StreamClient({
      scope,
      first: [retryAfterDisconnect(), first],
      toldTurn,
      outgoing,
      onGone,
    });
    channel.clients.add(client);
    return client.body;
  }

  /** What there is to tell of a channel's labs. Channels that are about the same labs read them once in a turn. */
  async #snapshotTexts(channel: Channel, turn: number): Promise<string[]> {
    const nowMs = performance.now();
    const watched = [...channel.labs.values()].map((lab) => lab.watched);
    const isFresh = ({ snapshot, changedTurn }: WatchedLab) =>
      snapshot !== undefined && snapshot.turn >= changedTurn && nowMs - snapshot.atMs < this.#options.everyMs;
    const unread = watched.filter((lab) => !isFresh(lab));
    const texts = await this.#texts(unread.map(({ lab }) => lab));
    for (const lab of unread) lab.snapshot = { text: texts.get(lab.lab), turn, atMs: nowMs };
    return watched.map(({ snapshot }) => snapshot?.text).filter((text) => text !== undefined);
  }

  #turnLater(): void {
    this.#isTurning = true;
    setTimeout(async () => {
      this.#channels.dropIdle(this.#options.resumeMs);
      if (this.#isClosed || this.#channels.isEmpty) {
        this.#isTurning = false;
        return;
      }
      await this.#takeTurn();
      this.#turnLater();
    }, this.#options.everyMs).unref();
  }

  async #takeTurn(): Promise<void> {
    const { changes, log } = this.#options;
    try {
      await this.#channels.joinNewLabs(this.#turn + 1, this.#changed);
      for (const lab of await changes.take()) this.#changed.add(lab);
      await this.#noteChanges();
      const isBack = this.#isFailing;
      this.#isFailing = false;
      if (isBack) log.info('live streams have the store again');
      await this.#tell(undefined, isBack);
    } catch (error) {
      if (!this.#isFailing) log.warn({ err: error }, 'live streams cannot tell what changes');
      await this.#tell(this.#isFailing ? HEARTBEAT : UNAVAILABLE);
      this.#isFailing = true;
    }
  }

  /** Gives the labs that have changed their new texts and the number of a new turn. */
  async #noteChanges(): Promise<void> {
    const texts = await this.#texts(
      [...this.#changed].filter((lab) => this.#channels.lab(lab) !== undefined),
    );
    this.#changed.clear();
    this.#turn += 1;
    for (const [lab, text] of texts) {
      const watched = this.#channels.lab(lab);
      // A batch may have held nothing but duplicates of a lab.
      if (watched === undefined || watched.text === text) continue;
      watched.changedTurn = this.#turn;
      watched.text = text;
    }
  }

  /** What there is to tell of labs, as JSON; without those that have no data. */
  async #texts(labs: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const texts = new Map<string, string>();
    for (let i = 0; i < labs.length; i += SUMMARIES_AT_ONCE) {
      const some = labs.slice(i, i + SUMMARIES_AT_ONCE);
      // The embedded store answers at once; others want a turn too.
      await this.#work.next();
      const summaries = await this.#options.summaries(some);
      for (const [k, lab] of some.entries())
        if (summaries[k] !== undefined) texts.set(lab, JSON.stringify(summaries[k]));
    }
    return texts;
  }

  /** Tells every client that reads what has changed, even if nothing has where `isBack`; or a notice instead. */
  async #tell(notice?: Buffer, isBack = false): Promise<void> {
    const nowMs = performance.now();
    for (const channel of this.#channels) {
      // Each makes a frame of its own. Sensors have their turns between.
      await this.#work.next();
      for (const client of channel.clients)
        if (!client.scope.isCurrent()) client.end();
        else if (client.hasRoom) this.#tellOne(channel, client, notice, isBack, nowMs);
        else if (client.stuckMs(nowMs) >= this.#options.stuckMsMax) {
          this.#cut += 1;
          client.cut();
        }
    }
  }

  #tellOne(
    channel: Channel,
    client: StreamClient,
    notice: Buffer | undefined,
    isBack: boolean,
    nowMs: number,
  ): void {
    const isSilent = nowMs - client.sentAtMs >= this.#options.heartbeatMs;
    if (notice === undefined) {
      const changes = channel.changesSince(client.toldTurn, this.#turn);
      // Who was told that the store is gone waits for the next event.
      const frame = changes ?? (isBack ? channel.event('changes', [], this.#turn) : undefined);
      client.toldTurn = this.#turn;
      if (frame !== undefined || isSilent) client.send(frame ?? HEARTBEAT, nowMs);
    } else if (notice !== HEARTBEAT || isSilent) client.send(notice, nowMs);
  }
}

/** Tells clients that what they have may be old. */
const UNAVAILABLE = serverSentEvent('unavailable', '{"detail":"the store does not answer; changes follow"}');

function tooManyOf(streams: number): ProblemError {
  const detail = `${streams} streams of this client are open, as many as one may have: close some`;
  return new ProblemError({ type: '/problems/too-many-requests', status: 429, detail, retryAfterS: 10 });
}

function unavailable(detail: string, retryAfterS: number): ProblemError {
  return new ProblemError({ status: 503, detail, retryAfterS });
}
