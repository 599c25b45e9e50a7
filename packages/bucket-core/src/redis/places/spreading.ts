import { randomUUID } from 'node:crypto';
import type { BucketGrid } from '../../grid/bucket-grid.js';
import type { Durability } from '../durability.js';
import { clockMs, FixedServers, type Member } from '../fixed-servers.js';
import { BOOKS, Keys, PARTITIONS, PLACES } from '../keys.js';
import { PageGrid } from '../pages/page-grid.js';
import { isReply, messageOf } from '../redis-errors.js';
import { topologyOf } from '../topology.js';
import { PlaceCopy } from './place-copy.js';
import { evenPlaces } from './placing.js';

export interface SpreadOptions {
  /** A list of servers. */
  readonly url: string;
  readonly prefix: string;
  readonly grid: BucketGrid;
  readonly deduplicationHorizonS: number;
  readonly durability?: Durability;
  readonly replyTimeoutMs: number;
  /** Names of servers that are to have nothing in the end. */
  readonly without: readonly string[];
  /** Moves this many places at most, then ends. */
  readonly placesMax?: number;
  /** Others than the default only in tests. */
  readonly leaseMs?: number;
  readonly dropAfterMs?: number;
  readonly onProgress?: (moved: MovedPlace) => void;
  readonly onWarning?: (message: string) => void;
}

/** One place that was moved. */
export interface MovedPlace {
  /** Number of a partition, or `books`. */
  readonly place: number | 'books';
  readonly from: string;
  readonly to: string;
  readonly labs: number;
  readonly bytes: number;
  /** For how long nobody could write to it, ms. */
  readonly heldMs: number;
  /** Places that are still to be moved. */
  readonly left: number;
}

export interface SpreadReport {
  readonly moved: number;
  /** Old copies that were deleted. */
  readonly dropped: number;
  /** Places of each server. */
  readonly places: Readonly<Record<string, number>>;
}

export interface SpreadPlan {
  /** Places of each server now. */
  readonly places: Readonly<Record<string, number>>;
  /** How many partitions would be moved; 0 where it is only lists and sessions. */
  readonly moves: readonly { readonly from: string; readonly to: string; readonly count: number }[];
}

/** It cannot be done now, or not so; nothing is lost. */
export class SpreadProblem extends Error {
  override readonly name = 'SpreadProblem';
}

/** How long nobody may write to a place, unless whoever copies it renews that: then it is taken back. */
const LEASE_MS = 5000;
/** Times that a place is tried, when others take it back. */
const ATTEMPTS_MAX = 10;
/** An old copy is deleted so long after the place has moved: what the new server has is on its disk by then. */
const DROP_AFTER_MS = 2500;
/** That a connection is lost is known so soon after what failed by it. */
const AWAY_MS = 50;

/**
 * Moves places between independent servers while all goes on, one place after the other:
 *
 *     here ──copied, while others write──▶ held: nobody writes, reads go on ──what changed meanwhile is copied──▶ arrived
 *       ▲                                    │ not renewed for LEASE_MS                                            │
 *       └──────────taken back by whoever needs it◀┘                         the old server says that it is gone ◀──┘
 *                                                                                          │
 *                                          old copy deleted ◀── the new server says that it has it
 *
 * Every arrow is one change of one key of one server, under the condition that nothing else changed. So it may be killed at any
 * moment, and be started again, even while an earlier one still runs.
 */
export class Spreading {
  readonly #servers: FixedServers;
  readonly #keys: Keys;
  readonly #copy: PlaceCopy;
  /** The servers that are to have something in the end. */
  readonly #targets: readonly Member[];
  /** For each place the one that is to have it; as things are when it is asked for first. */
  #wanted: readonly Member[] | undefined;
  readonly #drops: { readonly place: number; readonly from: Member; readonly sinceMs: number }[] = [];
  readonly #leaseMs: number;
  #dropped = 0;
  #refusal: Error | undefined;

  constructor(readonly options: SpreadOptions) {
    this.#leaseMs = options.leaseMs ?? LEASE_MS;
    const topology = topologyOf(options.url);
    if (topology.kind === 'cluster')
      throw new SpreadProblem('a Redis Cluster moves its slots itself: redis-cli --cluster rebalance');
    const names = topology.servers.map(({ name }) => name);
    const unknown = options.without.filter((name) => !names.includes(name));
    if (unknown.length > 0)
      throw new SpreadProblem(
        `no such server: ${unknown.join(', ')}; HUMTEMP_REDIS_URL names ${names.join(', ')}`,
      );
    if (names.every((name) => options.without.includes(name)))
      throw new SpreadProblem('one server has to be left that gets all labs');
    this.#keys = new Keys(options.prefix);
    this.#servers = new FixedServers(
      topology.servers,
      { ...options, onMoved: () => {}, onFatal: (error) => this.#refuse(error) },
      this.#keys,
    );
    this.#targets = this.#servers.members.filter(({ name }) => !options.without.includes(name));
    const pages = new PageGrid(options.grid, options.deduplicationHorizonS);
    this.#copy = new PlaceCopy(this.#keys, pages);
  }

  #refuse(error: Error): void {
    this.#refusal ??= error;
  }

  /** What `run` would move. @throws SpreadProblem when something is in the way */
  plan(): Promise<SpreadPlan> {
    return this.#plan().catch((error: unknown) => this.#explain(error));
  }

  /** @throws SpreadProblem when something is in the way */
  run(): Promise<SpreadReport> {
    return this.#run().catch((error: unknown) => this.#explain(error));
  }

  /** @throws in our words, where the client speaks of its own, and names the server that is away */
  async #explain(error: unknown): Promise<never> {
    const message = messageOf(error);
    if (!(error instanceof Error) || error instanceof SpreadProblem || error === this.#refusal) throw error;
    if (isReply(error)) throw error;
    // What failed may be known before it is known that the connection is lost.
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
    const away = this.#servers.members.filter(({ link }) => !link.isReady && !link.isRefused);
    if (away.length === 0 && message === error.message) throw error;
    const said = away.map(({ link }) => `Redis ${link.name} is not connected: ${link.reason}`);
    throw new Error(said.length === 0 ? message : said.join('; '), { cause: error });
  }

  async #plan(): Promise<SpreadPlan> {
    await this.#ready();
    await this.#checkProcesses();
    const moves = new Map<string, { from: string; to: string; count: number }>();
    for (const place of this.#open()) {
      const [from, to] = [this.#ownerOf(place).name, this.#wantedOf(place).name];
      const move = moves.get(`${from} ${to}`) ?? { from, to, count: 0 };
      move.count += place === BOOKS ? 0 : 1;
      moves.set(`${from} ${to}`, move);
    }
    return { places: this.#counts(), moves: [...moves.values()] };
  }

  async #run(): Promise<SpreadReport> {
    const { placesMax = Number.POSITIVE_INFINITY } = this.options;
    await this.#ready();
    await this.#checkProcesses();
    await this.#goOn();
    let moved = 0;
    for (let open = this.#open(); open.length > 0 && moved < placesMax; open = this.#open()) {
      await this.#move(open[0]!, open.length - 1);
      moved += 1;
      await this.#drop();
    }
    await this.#tellAll();
    while (this.#drops.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await this.#drop();
    }
    for (const member of this.#servers.members) await this.#copy.clearLeft(member, this.#servers);
    return { moved, dropped: this.#dropped, places: this.#counts() };
  }

  close(): void {
    this.#servers.close();
  }

  async #ready(): Promise<void> {
    const endMs = performance.now() + 2 * this.options.replyTimeoutMs;
    for (;;) {
      if (this.#refusal !== undefined) throw this.#refusal;
      const missing = this.#servers.members.find(({ link }) => !link.isReady)?.link;
      if (missing === undefined) return;
      if (performance.now() > endMs)
        throw new SpreadProblem(
          `Redis ${missing.name} is not connected: ${missing.reason}. Labs are moved while all servers are there`,
        );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** @throws SpreadProblem when processes are connected that do not know all servers */
  async #checkProcesses(): Promise<void> {
    const own = this.#servers.connectionName;
    const store = own.slice(0, own.lastIndexOf(':') + 1);
    for (const { name, link } of this.#servers.members) {
      const list = await link.commits.client('LIST').catch((error: Error) => {
        this.options.onWarning?.(`cannot see who is connected to Redis ${name}: ${error.message}`);
        return '';
      });
      for (const line of String(list).split('\n')) {
        const called = / name=(\S*)/.exec(line)?.[1] ?? '';
        if (!called.startsWith(store) || called === own) continue;
        throw new SpreadProblem(
          `a process at ${/ addr=(\S+)/.exec(line)?.[1]} is connected to Redis ${name} that has another ` +
            'HUMTEMP_REDIS_URL: restart all processes with the same list first',
        );
      }
    }
  }

  /** What an earlier attempt has left: places that have not arrived, old copies. */
  async #goOn(): Promise<void> {
    const { members } = this.#servers;
    for (const member of members) await this.#servers.look(member);
    for (const place of PLACES) {
      const moved = this.#servers.movedOf(place);
      if (moved?.from === undefined || moved.to !== undefined) continue;
      const from = members.find(({ name }) => name === moved.from);
      if (from === undefined) continue;
      const to = this.#ownerOf(place);
      if ((to.map?.moved.get(place)?.epoch ?? 0) < moved.epoch) {
        // Its server has lost what had arrived, before it said that it has the place: the old copy is what there is.
        await this.#expect(to, place, moved.token!);
        await this.#copy.everything(place, from, to, moved.token!, async () => {});
        await this.#servers.look(to);
      }
      if (await this.#copy.hasLabs(place, from))
        this.#drops.push({ place, from, sinceMs: performance.now() });
    }
  }

  /** Places that are not where they are to be. */
  #open(): number[] {
    return PLACES.filter((place) => this.#ownerOf(place) !== this.#wantedOf(place));
  }

  #wantedOf(place: number): Member {
    const names = this.#targets.map(({ name }) => name);
    this.#wanted ??= evenPlaces(names, (one) => this.#ownerOf(one).name).map(
      (index) => this.#targets[index]!,
    );
    return this.#wanted[place]!;
  }

  #counts(): Record<string, number> {
    const counts = Object.fromEntries(this.#servers.members.map(({ name }) => [name, 0]));
    for (const place of PARTITIONS) counts[this.#ownerOf(place).name]! += 1;
    return counts;
  }

  #ownerOf(place: number): Member {
    return this.#servers.members[this.#servers.groupOf(place)]!;
  }

  async #move(place: number, left: number): Promise<void> {
    const to = this.#wantedOf(place);
    for (let attempt = 1; ; attempt++) {
      const from = this.#ownerOf(place);
      // Another has moved it, and deletes the old copy.
      if (from === to) return;
      const done = await this.#attempt(place, from, to);
      if (done !== undefined) {
        this.#drops.push({ place, from, sinceMs: performance.now() });
        const { name } = from;
        this.options.onProgress?.({
          place: place === BOOKS ? 'books' : place,
          from: name,
          to: to.name,
          left,
          ...done,
        });
        return;
      }
      if (attempt === ATTEMPTS_MAX)
        throw new SpreadProblem(
          `partition ${place} was taken back again and again: does another humtemp spread run?`,
        );
      await this.#servers.lookAgain();
    }
  }

  /** @returns undefined when another has changed something in between */
  async #attempt(
    place: number,
    from: Member,
    to: Member,
  ): Promise<{ labs: number; bytes: number; heldMs: number } | undefined> {
    const servers = this.#servers;
    await Promise.all([servers.look(from), servers.look(to)]);
    // Another may have moved it since: what is here is an old copy then, or nothing.
    if (this.#ownerOf(place) !== from) return undefined;
    const before = from.map?.moved.get(place);
    if (before?.to !== undefined) {
      // Another attempt, which is either at work or dead.
      await new Promise((resolve) => setTimeout(resolve, this.#leaseMs / 2));
      return undefined;
    }
    const epoch = servers.movedOf(place)?.epoch ?? 0;
    const token = randomUUID();
    if (!(await this.#expect(to, place, token))) return undefined;
    const known = await this.#copy.first(place, from, to, token);
    if (known === undefined) return undefined;
    const clock = await this.#clockOf(from);
    const sinceMs = performance.now();
    const held = (untilMs: number) => ({ epoch: epoch + 1, owner: from.name, to: to.name, token, untilMs });
    if (!(await servers.change(from, place, held(clock() + this.#leaseMs)))) return undefined;
    let renewedMs = sinceMs;
    let isLost = false;
    const renew = async () => {
      if (performance.now() - renewedMs < this.#leaseMs / 3 || isLost) return;
      renewedMs = performance.now();
      isLost = !(await servers.change(from, place, held(clock() + this.#leaseMs)));
    };
    const giveUp = async () => {
      // Another may have taken it back, and hold it by now.
      if (from.map?.moved.get(place)?.token !== token) return;
      await servers.change(from, place, { epoch: epoch + 2, owner: from.name });
    };
    const { connection } = to.link.safe;
    const fromConnection = from.link.safe.connection;
    let copied: { labs: number; bytes: number } | undefined;
    try {
      copied = await this.#copy.everything(place, from, to, token, renew, known);
      await to.link.safe.confirm(connection);
      await from.link.safe.confirm(fromConnection);
    } catch (error) {
      await giveUp().catch(() => {});
      throw error;
    }
    if (copied === undefined || isLost) {
      await giveUp();
      return undefined;
    }
    // From here on it is decided.
    const gone = { epoch: epoch + 2, owner: to.name, from: from.name, token };
    if (!(await servers.change(from, place, gone))) return undefined;
    await servers.look(to);
    await to.link.safe.confirm(to.link.safe.connection);
    return { ...copied, heldMs: Math.round(performance.now() - sinceMs) };
  }

  /** A server's clock, without asking again. */
  async #clockOf({ link }: Member): Promise<() => number> {
    const aheadMs = (await clockMs(link)) - performance.now();
    return () => Math.ceil(performance.now() + aheadMs);
  }

  /** The only caller of expect.lua. */
  async #expect(to: Member, place: number, token: string): Promise<boolean> {
    const held = to.map?.moved.get(place);
    return this.#copy.expect(to, place, held, token);
  }

  /** Deletes old copies of places that have been elsewhere for so long. */
  async #drop(): Promise<void> {
    const { dropAfterMs: afterMs = DROP_AFTER_MS } = this.options;
    while (this.#drops.length > 0 && performance.now() - this.#drops[0]!.sinceMs >= afterMs) {
      const { place, from } = this.#drops.shift()!;
      const to = this.#ownerOf(place);
      await this.#servers.look(to);
      await this.#servers.look(from);
      const gone = from.map?.moved.get(place);
      const has = to.map?.moved.get(place);
      if (gone === undefined || gone.owner === from.name) continue;
      if (has === undefined || has.epoch < gone.epoch || has.owner !== to.name) {
        this.options.onWarning?.(
          `Redis ${to.name} has forgotten that it got partition ${place}: the copy on ${from.name} is kept; run humtemp spread again`,
        );
        continue;
      }
      if (await this.#copy.drop(place, from, gone)) this.#dropped += 1;
    }
  }

  /** All servers are made to know what all know, so that none need be asked for what another has forgotten. */
  async #tellAll(): Promise<void> {
    for (const { name } of this.#servers.members)
      await this.#servers.tellEverything(name).catch((error: Error) => {
        this.options.onWarning?.(`Redis ${name} does not know all that was moved: ${error.message}`);
      });
  }
}
