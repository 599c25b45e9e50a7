import calculateSlot from 'cluster-key-slot';
import { BOOKS, type Keys, PARTITIONS, PLACES, tagOf } from './keys.js';
import { RedisLink } from './redis-link.js';
import type { Servers, ServersOptions } from './servers.js';
import { masterOfSlot, slotTable } from './slot-table.js';
import { checkLayout } from './store-layout.js';
import type { ServerAddress } from './topology.js';

/** How often nodes are asked who has what, while something is out of reach. */
const REFRESH_MS = 250;
/** Pause before what was elsewhere is asked for again. */
const LOOK_AGAIN_MS = 50;
/** A node that does not say where slots are within this time is not waited for. */
const TABLE_MS_MAX = 1000;
/** Nodes that are asked at a time; the one that knows the newest configuration is believed. */
const ASKED_MAX = 3;

/** More masters than this share lanes. */
const LANES = 8;

const SLOTS = PLACES.map((place) => calculateSlot(`{${tagOf(place)}}`));

/**
 * The masters of a Redis Cluster, each by a link of its own, so that a commit goes over a connection that is known, and one
 * dead master concerns nobody but its own places. A place is one slot. Where slots are is asked again whenever a
 * node says that something is elsewhere, a connection changes, or a master is out of reach.
 */
export class ClusterServers implements Servers {
  readonly isOne = false;
  readonly recordsMove = true;
  readonly groups = PARTITIONS.map((partition) => [partition]);
  readonly #byName = new Map<string, RedisLink>();
  readonly #seeds: ReadonlySet<string>;
  /** Name of the master of each place. */
  #masters: readonly (string | undefined)[] = PLACES.map(() => undefined);
  readonly #lanes = new Map<string, number>();
  #isLaidOut = false;
  #refreshing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(
    seeds: readonly ServerAddress[],
    readonly options: ServersOptions,
    readonly keys: Keys,
  ) {
    this.#seeds = new Set(seeds.map(({ name }) => name));
    // What is in front of the host and behind the port is the same for every node.
    for (const { name, url } of seeds) this.#open(name, url);
    this.#url = seeds[0]!.url;
  }

  readonly #url: string;

  get links(): readonly RedisLink[] {
    const masters = new Set(this.#masters);
    return [...this.#byName.values()].filter(({ name, isRefused }) => masters.has(name) || isRefused);
  }

  get patienceMs(): number {
    return this.options.replyTimeoutMs;
  }

  linkOf(place: number): RedisLink {
    for (const link of this.#byName.values()) if (link.isRefused) return link;
    const name = this.#masters[place];
    const link = name === undefined ? undefined : this.#byName.get(name);
    if (link === undefined) throw new Error(this.#whyUnknown());
    if (!this.#isLaidOut) throw new Error('the cluster has not been looked at yet');
    return link;
  }

  fenceOf(): undefined {
    return undefined;
  }

  isOnItsWay(): boolean {
    return false;
  }

  groupOf(place: number): number {
    return place;
  }

  get laneCount(): number {
    return LANES;
  }

  /** Masters have lanes by turns, in the order in which they were first seen. */
  laneOf(place: number): number {
    const name = this.#masters[place] ?? '';
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = this.#lanes.size % LANES;
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  async lookAgain(): Promise<void> {
    await Promise.all([this.#refresh(), new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))]);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const link of this.#byName.values()) link.close();
  }

  #whyUnknown(): string {
    const reasons = [...this.#byName.values()]
      .filter(({ isReady }) => !isReady)
      .map(({ name, reason }) => `${name}: ${reason}`);
    return reasons.length > 0
      ? `no node of the cluster has it (${reasons.join(', ')})`
      : 'no node has its slot';
  }

  #open(name: string, url: string): void {
    if (this.#byName.has(name)) return;
    this.#byName.set(
      name,
      new RedisLink({
        ...this.options,
        url,
        name,
        isClusterNode: true,
        onNewConnection: () => this.#moved((place) => this.#masters[place] === name),
        admit: (link) => this.#admit(link),
      }),
    );
  }

  #moved(isMoved: (place: number) => boolean): void {
    this.options.onMoved(isMoved);
    this.#watch();
  }

  async #admit(link: RedisLink): Promise<void> {
    const table = await slotTable(link);
    this.#apply(table.masters);
    const place = PLACES.find((one) => this.#masters[one] === link.name);
    if (place === undefined) return;
    const probe = this.keys.probe(place);
    await link.commits.humtemp_probe(2, probe, this.keys.aside(probe));
    if (this.#masters[BOOKS] !== link.name) return;
    await checkLayout(link.commits, this.keys, link.name);
    this.#isLaidOut = true;
  }

  /** Asks again after a while, for as long as a place is out of reach. */
  #watch(): void {
    if (this.#isClosed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#refresh().then(() => {
        if (PLACES.some((place) => this.#byName.get(this.#masters[place] ?? '')?.isReady !== true))
          this.#watch();
      });
    }, REFRESH_MS);
    this.#timer.unref();
  }

  /** Asks some nodes where slots are, and believes the one that knows the newest configuration. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#askNodes().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #askNodes(): Promise<void> {
    const ready = [...this.#byName.values()].filter(({ commits }) => commits.status === 'ready');
    const asked = ready.sort(() => Math.random() - 0.5).slice(0, ASKED_MAX);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, TABLE_MS_MAX, undefined);
    });
    const tables = await Promise.all(
      asked.map((link) => Promise.race([slotTable(link).catch(() => undefined), late])),
    );
    clearTimeout(timer);
    let newest = tables[0];
    for (const table of tables)
      if (table !== undefined && (newest === undefined || table.epoch > newest.epoch)) newest = table;
    if (newest !== undefined) this.#apply(newest.masters);
  }

  #apply(masters: readonly (readonly [from: number, to: number, name: string])[]): void {
    if (this.#isClosed) return;
    const before = this.#masters;
    this.#masters = PLACES.map((place) => masterOfSlot(masters, SLOTS[place]!));
    const used = new Set(this.#masters);
    for (const name of used) if (name !== undefined) this.#open(name, this.#urlOf(name));
    for (const [name, link] of this.#byName) {
      if (used.has(name) || this.#seeds.has(name)) continue;
      this.#byName.delete(name);
      link.close();
    }
    if (before.some((name, place) => name !== this.#masters[place]))
      this.options.onMoved((place) => before[place] !== this.#masters[place]);
  }

  #urlOf(name: string): string {
    const url = new URL(this.#url);
    const at = name.lastIndexOf(':');
    const host = name.slice(0, at);
    url.host = `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${name.slice(at + 1)}`;
    return url.href;
  }
}
