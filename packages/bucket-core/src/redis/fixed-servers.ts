import { createHash, randomUUID } from 'node:crypto';
import { type Keys, PARTITIONS, PLACES } from './keys.js';
import {
  arrivedText,
  learn,
  type Moved,
  movedText,
  NOTHING_MOVED,
  type PlaceMap,
  parsePlaceMap,
} from './places/place-map.js';
import { evenPlaces } from './places/placing.js';
import { RedisLink } from './redis-link.js';
import type { Fence, Servers, ServersOptions } from './servers.js';
import { checkLayout, otherServers } from './store-layout.js';
import type { ServerAddress } from './topology.js';

/** A server that does not say within this time what it has is not waited for. */
const LOOK_MS_MAX = 100;
/** Pause before what was elsewhere is asked for again. */
const LOOK_AGAIN_MS = 5;
/** How long one that is there waits for what the others say, when a process starts. */
const OTHERS_MS_MAX = 1000;
const OTHERS_WAIT_MS = 5;

/** What is known of a server. */
export interface Member {
  readonly name: string;
  readonly link: RedisLink;
  /** What it keeps of moved places; undefined: it has not said yet. */
  map: PlaceMap | undefined;
  /** Whether it was looked at, and the names of the servers that its store began with, if it is not new. */
  wasLookedAt: boolean;
  base: readonly string[] | undefined;
}

/**
 * One server, or several that know nothing of each other. At first a place is where rendezvous hashing puts it among those
 * that the store began with, an equal share on each (places/placing.ts). Each server keeps which places were moved since
 * (places/spreading.ts): of two that speak of a place the one with the higher epoch is true, and a place is used once its server
 * says itself that it has it. So a server that is named and has nothing does no harm, and one that has something and is not
 * named is refused.
 */
export class FixedServers implements Servers {
  readonly isOne: boolean;
  /** What the connections of a process call themselves: the store by its prefix, and the list of servers. */
  readonly connectionName: string;
  readonly recordsMove = false;
  readonly members: readonly Member[];
  readonly #names: readonly string[];
  readonly #stampKey: string;
  /** What is known of moved places, by whoever said it. */
  readonly #moved = new Map<number, Moved>();
  #first: { readonly key: string; readonly names: readonly string[] } = { key: '', names: [] };
  #indices: readonly number[] = [];
  #groups: readonly (readonly number[])[] = [];
  #looking: Promise<void> | undefined;
  #hasWarnedOfEarlier = false;

  constructor(
    servers: readonly ServerAddress[],
    readonly options: ServersOptions,
    readonly keys: Keys,
  ) {
    this.isOne = servers.length === 1;
    this.#names = servers.map(({ name }) => name);
    this.connectionName = `humtemp:${digestOf(keys.prefix)}:${digestOf([...this.#names].sort().join(' '))}`;
    this.#stampKey = keys.stamp();
    const { onMoved } = options;
    this.members = servers.map(({ name, url }, index) => ({
      name,
      map: undefined,
      wasLookedAt: false,
      base: undefined,
      link: new RedisLink({
        ...options,
        url,
        name: this.isOne ? '' : name,
        isClusterNode: false,
        connectionName: this.connectionName,
        onNewConnection: () => onMoved((place) => this.#indices[place] === index),
        admit: () => this.#admit(this.members[index]!),
      }),
    }));
    this.#place();
  }

  get patienceMs(): number {
    return this.options.replyTimeoutMs;
  }

  /** Those that have something; one that is refused is no longer looked past. */
  get links(): readonly RedisLink[] {
    return this.members
      .filter(({ link }, index) => link.isRefused || this.#indices.includes(index))
      .map(({ link }) => link);
  }

  linkOf(place: number): RedisLink {
    return this.members[this.#indices[place]!]!.link;
  }

  fenceOf(link: RedisLink): Fence {
    const member = this.members.find((one) => one.link === link)!;
    return { key: this.#stampKey, stamp: member.map?.stamp ?? '' };
  }

  isOnItsWay(place: number, forReading: boolean): boolean {
    const moved = this.#moved.get(place);
    if (moved === undefined) return false;
    if (moved.to !== undefined && !forReading) return true;
    // One that is not connected is out of reach, whatever it would say.
    const { link, map } = this.members[this.#indices[place]!]!;
    return link.isReady && (map?.moved.get(place)?.epoch ?? 0) < moved.epoch;
  }

  lostArrivals(): readonly { readonly place: number; readonly server: string }[] {
    return [...this.#moved].flatMap(([place, { to }]) =>
      to === undefined && this.isOnItsWay(place, true)
        ? [{ place, server: this.#names[this.#indices[place]!]! }]
        : [],
    );
  }

  groupOf(place: number): number {
    return this.#indices[place]!;
  }

  get groups(): readonly (readonly number[])[] {
    return this.#groups;
  }

  get laneCount(): number {
    return this.members.length;
  }

  laneOf(place: number): number {
    return this.#indices[place]!;
  }

  /** What became of a place that was moved once, as far as is known. */
  movedOf(place: number): Moved | undefined {
    return this.#moved.get(place);
  }

  /** The servers that have something, or are about to get it; sorted. */
  get holders(): readonly string[] {
    const holders = new Set<string>();
    for (const place of PLACES) {
      const one = this.#moved.get(place);
      holders.add(one?.owner ?? this.#atFirst()[place]!);
      if (one?.to !== undefined) holders.add(one.to);
    }
    return [...holders].sort();
  }

  lookAgain(): Promise<void> {
    this.#looking ??= this.#lookAtAll().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookAtAll(): Promise<void> {
    const looked = this.members
      .filter(({ link, wasLookedAt }) => wasLookedAt && link.commits.status === 'ready')
      .map((member) => this.look(member).catch(() => {}));
    const late = new Promise((resolve) => setTimeout(resolve, LOOK_MS_MAX).unref());
    const pause = new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    await Promise.all([Promise.race([Promise.all(looked), late]), pause]);
  }

  /** Asks a server which places it knows to be moved, and makes it know what the others do of its own. */
  async look(member: Member, isNew = false): Promise<void> {
    await this.#ask(member);
    if (await this.#tell(member, isNew)) await this.#ask(member);
    // Whoever copied a place may have died.
    for (const [place, { epoch, owner, to, untilMs }] of member.map!.moved) {
      if (to === undefined || owner !== member.name) continue;
      const nowMs = await clockMs(member.link).catch(() => 0);
      if (untilMs! < nowMs) await this.change(member, place, { epoch: epoch + 1, owner });
    }
  }

  /**
   * Changes what a server keeps of a place, unless it keeps something else by now than we know of it.
   * @returns whether it was changed
   */
  async change(member: Member, place: number, moved: Moved): Promise<boolean> {
    const { keys } = this;
    const before = member.map?.moved.get(place);
    const isChanged = await member.link.commits.humtemp_move(
      2,
      keys.stamp(),
      keys.places(),
      place,
      before === undefined ? '' : movedText(before),
      movedText(moved),
      randomUUID(),
    );
    await this.#ask(member);
    return isChanged === 1;
  }

  /** Makes a server know of all places what is known. */
  async tellEverything(name: string): Promise<void> {
    const member = this.members.find((one) => one.name === name)!;
    await this.#tell(member, false, true);
    await this.#ask(member);
  }

  close(): void {
    for (const { link } of this.members) link.close();
  }

  async #ask(member: Member): Promise<void> {
    const { keys } = this;
    const reply = await member.link.commits.humtemp_places(2, keys.stamp(), keys.places());
    const [stamp = '', ...fields] = reply;
    member.map = fields.length === 0 ? { ...NOTHING_MOVED, stamp } : parsePlaceMap(stamp, fields);
    learn(this.#moved, member.map);
    this.#place();
  }

  /** The only caller of learn.lua: a server is given what it does not know of what concerns it. @returns whether it took any */
  async #tell(member: Member, isNew: boolean, all = false): Promise<boolean> {
    const { keys } = this;
    const news: (string | number)[] = [];
    for (const [place, moved] of this.#moved) {
      const held = member.map?.moved.get(place);
      if ((held?.epoch ?? 0) >= moved.epoch) continue;
      const isMine = moved.owner === member.name;
      const concerns = isMine || moved.from === member.name || held?.owner === member.name;
      if (!concerns && !all) continue;
      // What was copied is all there, or the server was empty and has lost it.
      const arrived = isMine && moved.token !== undefined ? keys.incoming(place) : '';
      news.push(
        place,
        movedText(moved),
        arrived,
        isNew ? '' : arrivedText(moved.token ?? ''),
        concerns ? 1 : 0,
      );
    }
    if (news.length === 0) return false;
    return (
      (await member.link.commits.humtemp_learn(2, keys.stamp(), keys.places(), randomUUID(), ...news)) > 0
    );
  }

  async #admit(member: Member): Promise<void> {
    const { link } = member;
    const probe = this.keys.probe(0);
    await link.commits.humtemp_probe(2, probe, this.keys.aside(probe));
    const layout = await checkLayout(link.commits, this.keys, link.name, () => this.#serversOfNew(member));
    this.#warnOfEarlier(layout.hasEarlier);
    member.base = layout.servers ?? [member.name];
    member.wasLookedAt = true;
    for (const { base } of this.members)
      if (base !== undefined && !isSame(base, member.base))
        throw otherServers(link.name, layout.servers, this.#names);
    await this.#ask(member);
    const { holders } = this;
    if (holders.some((holder) => !this.#names.includes(holder)))
      throw otherServers(link.name, holders, this.#names);
    await this.#othersLooked();
    await this.look(member, layout.isNew);
  }

  /**
   * Which servers the store of an empty one began with. Another server that has something knows; if none has anything, it
   * begins now, with all of them. @throws while that is not known
   */
  async #serversOfNew(member: Member): Promise<readonly string[] | undefined> {
    if (this.isOne) return undefined;
    // An empty one among others that are empty, too, is no sign of a new store before all have said so.
    const found = await Promise.all(this.members.map((one) => this.#layoutOf(one, member)));
    const base = found.find((one) => one !== 'empty' && one !== 'unknown');
    if (base !== undefined) return base as readonly string[];
    if (found.includes('unknown'))
      throw new Error('it is empty, and not all other servers can be asked whether the store is new');
    return this.#names;
  }

  async #layoutOf(one: Member, asking: Member): Promise<readonly string[] | 'empty' | 'unknown'> {
    if (one === asking) return 'empty';
    if (one.base !== undefined) return one.base;
    const endMs = performance.now() + OTHERS_MS_MAX;
    while (performance.now() < endMs) {
      if (one.base !== undefined) return one.base;
      if (one.link.commits.status === 'ready') {
        const marker = await one.link.commits.get(this.keys.layout()).catch(() => undefined);
        if (marker === null) return 'empty';
        if (marker !== undefined)
          return (JSON.parse(marker) as { servers?: readonly string[] }).servers ?? [one.name];
      }
      await new Promise((resolve) => setTimeout(resolve, OTHERS_WAIT_MS));
    }
    return 'unknown';
  }

  /** Resolves when all servers have been looked at or cannot be reached; what one has forgotten, another may know. */
  async #othersLooked(): Promise<void> {
    const endMs = performance.now() + OTHERS_MS_MAX;
    const isOpen = ({ map, link }: Member) => map === undefined && !link.hasFailed;
    while (this.members.some(isOpen) && performance.now() < endMs)
      await new Promise((resolve) => setTimeout(resolve, OTHERS_WAIT_MS));
  }

  #warnOfEarlier(hasEarlier: boolean): void {
    if (!hasEarlier || this.#hasWarnedOfEarlier) return;
    this.#hasWarnedOfEarlier = true;
    this.options.onWarning?.(
      'Redis has buckets of an earlier version of humtemp under keys without prefix: they are not read, and expire; ' +
        'humtemp export --earlier and humtemp import take them over (docs/stores.md)',
    );
  }

  /** The names of the servers of all places, if nothing was ever moved. */
  #atFirst(): readonly string[] {
    const base = this.members.find((member) => member.base !== undefined)?.base ?? this.#names;
    const key = base.join(',');
    if (key !== this.#first.key) this.#first = { key, names: evenPlaces(base).map((index) => base[index]!) };
    return this.#first.names;
  }

  /** Who has what, by all that is known. */
  #place(): void {
    const first = this.#atFirst();
    // A name that is not among ours is refused before anything is done.
    const indices = PLACES.map((place) =>
      Math.max(0, this.#names.indexOf(this.#moved.get(place)?.owner ?? first[place]!)),
    );
    if (indices.every((index, place) => index === this.#indices[place])) return;
    this.#indices = indices;
    this.#groups = this.#names
      .map((_, index) => PARTITIONS.filter((place) => indices[place] === index))
      .filter(({ length }) => length > 0);
  }
}

/** The clock of a server, Unix ms. */
export async function clockMs({ commits }: RedisLink): Promise<number> {
  const [seconds, micros] = await commits.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function isSame(one: readonly string[], another: readonly string[]): boolean {
  return one.length === another.length && one.every((name) => another.includes(name));
}
