import { randomBytes } from 'node:crypto';
import type { LabFilter } from '../access/lab-filter.js';
import type { Scope } from '../access/scope.js';
import { ProblemError } from '../http/problem.js';
import { Shares, shareOf } from '../http/shares.js';
import type { ChangeSource } from './change-source.js';
import { Channel, type WatchedLab } from './channel.js';
import { LabList, labsMeant } from './lab-list.js';

/** Labs of one stream. */
const STREAM_LABS_MAX = 1000;
/** Labs of all channels, counted for each of them: frames are made for each. */
const CHANNEL_LABS_MAX = 100_000;
/** Known labs among which a prefix is looked for. */
const LISTED_LABS_MAX = 100_000;

export interface ChannelsOptions {
  readonly changes: ChangeSource;
  /** Known labs after `after` in the order of their characters' codes. */
  readonly listLabs: (after: string, limit: number) => Promise<readonly string[]>;
  /** How often new labs are looked for, among many; more often among few. */
  readonly listMs: number;
  /** Labs of all streams, each counted once; a client may name those that nobody heard of, too. */
  readonly watchedLabsMax: number;
  /** Of the labs of all streams, what those of one client may be about. */
  readonly clientShare: number;
}

/** Every channel, and the labs that they are about. */
export class Channels {
  /** Tells the events of this process from those of others. */
  readonly #run = randomBytes(6).toString('hex');
  /** By filter and scope, also those that are being made. */
  readonly #byKey = new Map<string, Promise<Channel>>();
  readonly #made = new Set<Channel>();
  readonly #watched = new Map<string, WatchedLab>();
  readonly #shares: Shares;
  #channelLabs = 0;
  readonly #list: LabList;
  #count = 0;
  #listedAtMs = 0;

  constructor(readonly options: ChannelsOptions) {
    this.#shares = new Shares(shareOf(options.watchedLabsMax, options.clientShare));
    this.#list = new LabList(() => options.listLabs('', LISTED_LABS_MAX), options.listMs);
  }

  [Symbol.iterator](): Iterator<Channel> {
    return this.#made.values();
  }

  get isEmpty(): boolean {
    return this.#made.size === 0;
  }

  /** Number of labs that channels are about. */
  get labs(): number {
    return this.#watched.size;
  }

  /** A lab that a channel is about. */
  lab(lab: string): WatchedLab | undefined {
    return this.#watched.get(lab);
  }

  /**
   * The channel for these labs and this scope, which is made if it is not there. It is `opening` until it is left.
   * @param client whose stream it is for.
   * @param turn the newest there was.
   * @throws ProblemError when there are too many labs, or the error of the store.
   */
  async enter(filter: LabFilter, scope: Scope, client: string, turn: number): Promise<Channel> {
    const key = `${filter} ${scope.labs.join()}`;
    for (;;) {
      let making = this.#byKey.get(key);
      if (making === undefined) {
        making = this.#make(key, filter, scope, client, turn);
        this.#byKey.set(key, making);
        making.catch(() => this.#byKey.delete(key));
      }
      const channel = await making;
      // It may have been dropped meanwhile.
      if (this.#byKey.get(key) !== making) continue;
      this.#charge(channel, client);
      channel.opening += 1;
      return channel;
    }
  }

  /** A stream of this client to a channel is gone. */
  leave(channel: Channel, client: string): void {
    const own = channel.clientsOf.get(client);
    if (own === undefined) return;
    own.streams -= 1;
    if (own.streams > 0) return;
    channel.clientsOf.delete(client);
    this.#shares.add(client, -own.labs);
  }

  /** Counts the labs of a channel for a client, once for all of its streams there. @throws ProblemError */
  #charge(channel: Channel, client: string): void {
    const own = channel.clientsOf.get(client);
    if (own !== undefined) own.streams += 1;
    else {
      const labs = channel.labs.size;
      this.#refuseBeyondShare(client, labs);
      this.#shares.add(client, labs);
      channel.clientsOf.set(client, { labs, streams: 1 });
    }
  }

  #refuseBeyondShare(client: string, labs: number): void {
    if (this.#shares.allows(client, labs)) return;
    const detail = `the streams of this client are about ${this.#shares.max} labs, as many as may be: close some, or name fewer labs`;
    throw new ProblemError({ type: '/problems/too-many-requests', status: 429, detail, retryAfterS: 60 });
  }

  /** Drops the channels that have had no client for so long. */
  dropIdle(idleMs: number): void {
    const nowMs = performance.now();
    for (const channel of this.#made)
      if (channel.isIdle && nowMs - channel.idleSinceMs >= idleMs) this.#drop(channel);
  }

  /**
   * Labs that have become known join the channels that ask for their prefix, if it is time to look.
   * @param turn the one that tells of them.
   * @param joined gets the labs that joined, also when it fails.
   */
  async joinNewLabs(turn: number, joined: Set<string>): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#listedAtMs < this.#list.keptMs) return;
    this.#listedAtMs = nowMs;
    for (const channel of this.#made) {
      if (channel.filter.prefixes.length === 0) continue;
      try {
        const meant = await this.#labsMeant(channel.filter, channel.allows);
        await this.#watch(channel, meant, turn, joined);
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        // When its clients connect again, they are told why.
        for (const client of channel.clients) client.end();
        this.#drop(channel);
      }
    }
  }

  async #make(key: string, filter: LabFilter, scope: Scope, client: string, turn: number): Promise<Channel> {
    const meant = await this.#labsMeant(filter, scope.allows);
    this.#refuseBeyondShare(client, meant.size);
    this.#count += 1;
    const channel = new Channel(key, `${this.#run}.${this.#count}`, filter, scope.allows, turn);
    try {
      await this.#watch(channel, meant, turn);
    } catch (error) {
      this.#drop(channel);
      throw error;
    }
    this.#made.add(channel);
    return channel;
  }

  /** @throws ProblemError when they are too many. */
  async #labsMeant(filter: LabFilter, allows: (lab: string) => boolean): Promise<ReadonlySet<string>> {
    const known = filter.prefixes.length === 0 ? [] : await this.#list.labs();
    if (known.length === LISTED_LABS_MAX)
      throw new ProblemError({
        status: 400,
        detail: 'there are too many labs to look for prefixes: name labs',
      });
    const meant = labsMeant(filter, known, allows, STREAM_LABS_MAX);
    if (meant.size <= STREAM_LABS_MAX) return meant;
    const detail = `a stream is about at most ${STREAM_LABS_MAX} labs: name fewer, or a longer prefix`;
    throw new ProblemError({ status: 400, detail });
  }

  /**
   * @param turn the first that tells the channel of those labs that are new to it.
   * @param joined gets these labs.
   */
  async #watch(channel: Channel, labs: Iterable<string>, turn: number, joined?: Set<string>): Promise<void> {
    const added = [...labs].filter((lab) => !channel.labs.has(lab));
    // Labs that join are known, and a channel has few: whatever others watch, no stream is ended for them.
    if (joined === undefined) this.#refuseIfFull(added);
    if (channel.isDropped) return;
    this.#channelLabs += added.length;
    for (const lab of added) {
      const watched = this.#watched.get(lab) ?? {
        lab,
        channels: 0,
        changedTurn: 0,
        text: '',
        snapshot: undefined,
      };
      watched.channels += 1;
      this.#watched.set(lab, watched);
      channel.labs.set(lab, { watched, joinedTurn: turn });
      joined?.add(lab);
    }
    await this.options.changes.watch(added);
  }

  #refuseIfFull(added: readonly string[]): void {
    if (this.#hasRoom(added)) return;
    this.dropIdle(0);
    if (this.#hasRoom(added)) return;
    const detail = 'the open streams are about as many labs as may be';
    throw new ProblemError({ status: 503, detail, retryAfterS: 60 });
  }

  #hasRoom(added: readonly string[]): boolean {
    if (this.#channelLabs + added.length > CHANNEL_LABS_MAX) return false;
    // Most often there is plenty, and nobody needs to count.
    if (this.#watched.size + added.length <= this.options.watchedLabsMax) return true;
    const unwatched = added.filter((lab) => !this.#watched.has(lab)).length;
    return this.#watched.size + unwatched <= this.options.watchedLabsMax;
  }

  #drop(channel: Channel): void {
    if (channel.isDropped) return;
    channel.isDropped = true;
    this.#channelLabs -= channel.labs.size;
    this.#byKey.delete(channel.key);
    this.#made.delete(channel);
    const unwatched: string[] = [];
    for (const { watched } of channel.labs.values()) {
      watched.channels -= 1;
      if (watched.channels > 0) continue;
      this.#watched.delete(watched.lab);
      unwatched.push(watched.lab);
    }
    channel.labs.clear();
    this.options.changes.unwatch(unwatched);
  }
}
