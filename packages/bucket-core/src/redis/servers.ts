import { PartitionsMissing } from '../store/partitions-missing.js';
import type { RedisConnectionOptions } from './connection.js';
import type { Durability } from './durability.js';
import { BOOKS, type Keys, PARTITIONS, PLACES } from './keys.js';
import { Elsewhere } from './redis-errors.js';
import type { RedisLink, RedisLinkEvents } from './redis-link.js';

/** What every kind of servers is made with. */
export interface ServersOptions extends Omit<RedisConnectionOptions, 'onConnection'>, RedisLinkEvents {
  /** What must hold before a commit counts. Default: memory. */
  readonly durability?: Durability;
  /** Called when places are on a new connection or another server: what is remembered of them may be wrong. */
  readonly onMoved: (isMoved: (place: number) => boolean) => void;
}

/**
 * What must still be so at an independent server for a script to write, and for what was read there to be true: nobody has moved
 * a place of its since we asked it what it has.
 */
export interface Fence {
  readonly key: string;
  readonly stamp: string;
}

/**
 * Which server has which place: a partition of labs, or the books (keys.ts). Everything else about one server, several
 * independent ones, or a cluster is the same for all who commit and read.
 */
export interface Servers {
  readonly keys: Keys;
  /** All that are in use. */
  readonly links: readonly RedisLink[];
  /** Whether all places are on one server, and any keys may go into one command. */
  readonly isOne: boolean;
  /** The server of a place, whether it can be reached or not. @throws if nobody knows it now. */
  linkOf(place: number): RedisLink;
  /** The fence of a server, as far as is known; undefined: the server says by itself when something is elsewhere. */
  fenceOf(link: RedisLink): Fence | undefined;
  /** Whether a place is being moved, so that nobody may write to it now; or not even read, for an instant. */
  isOnItsWay(place: number, forReading: boolean): boolean;
  /** Places that a server was given and does not have, though it is there: it has lost what had arrived. */
  lostArrivals?(): readonly { readonly place: number; readonly server: string }[];
  /** Whether the records of calls move with the partition that comes first in them. If not, they stay where the call went. */
  readonly recordsMove: boolean;
  /** Keys of places with the same number may go into one command. */
  groupOf(place: number): number;
  /** How many lanes there are, and which of them a place has now. @see BucketStore.lanes */
  readonly laneCount: number;
  laneOf(place: number): number;
  /** All partitions, by group. */
  readonly groups: readonly (readonly number[])[];
  /** How long work may be repeated while places move. */
  readonly patienceMs: number;
  /** A place is elsewhere, or on its way: resolves when it is worth asking again. */
  lookAgain(): Promise<void>;
  close(): void;
}

/** Why places cannot be reached. */
export interface Missing {
  readonly partitions: readonly number[];
  readonly hasBooks: boolean;
  readonly reason: string;
}

/** Times that servers are asked what they have, before one is said to have lost something. */
const ARRIVAL_LOOKS = 3;

/** What is out of reach, by server; empty if nothing is. */
export function missingOf(servers: Servers, places: readonly number[] = PLACES): Missing[] {
  const byReason = new Map<string, number[]>();
  for (const place of places) {
    const reason = outOfReach(servers, place);
    if (reason === undefined) continue;
    const some = byReason.get(reason);
    if (some === undefined) byReason.set(reason, [place]);
    else some.push(place);
  }
  return [...byReason].map(([reason, some]) => ({
    partitions: some.filter((place) => place !== BOOKS),
    hasBooks: some.includes(BOOKS),
    reason,
  }));
}

function outOfReach(servers: Servers, place: number): string | undefined {
  try {
    servers.linkOf(place).writable();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** @throws PartitionsMissing unless every partition is within reach; with one server its own error. */
export function checkAll(servers: Servers): void {
  if (servers.isOne) {
    servers.linkOf(BOOKS).writable();
    return;
  }
  const missing = missingOf(servers, PARTITIONS);
  if (missing.length === 0) return;
  const partitions = missing.flatMap((one) => one.partitions).sort((a, b) => a - b);
  throw new PartitionsMissing(partitions, missing.map(({ reason }) => reason).join('; '));
}

/**
 * A server may have lost a place before it said that it has it. What it was given is still where it came from.
 * @throws PartitionsMissing when that is so, and not only for an instant
 */
export async function checkArrivals(servers: Servers): Promise<void> {
  if ((servers.lostArrivals?.() ?? []).length === 0) return;
  // In the middle of a move that is so for an instant, and what is known here may be old.
  for (let look = 0; look < ARRIVAL_LOOKS; look++) await servers.lookAgain();
  const lost = servers.lostArrivals?.() ?? [];
  if (lost.length === 0) return;
  const names = [...new Set(lost.map(({ server }) => server))].join(', ');
  const partitions = lost.map(({ place }) => place).filter((place) => place !== BOOKS);
  throw new PartitionsMissing(
    partitions,
    `Redis ${names} was given them and has lost them before it said that it has them: run humtemp spread again, which copies them anew`,
  );
}

/** The arguments of a script that it compares with the stamp of the map, before it writes. */
export function fenceArguments(fence: Fence | undefined): [key: string, stamp: string] {
  return fence === undefined ? ['', ''] : [fence.key, fence.stamp];
}

/** The server of a place. @throws Elsewhere when the place is on its way */
export function usableLinkOf(servers: Servers, place: number, forReading: boolean): RedisLink {
  if (servers.isOnItsWay(place, forReading)) throw new Elsewhere();
  return servers.linkOf(place);
}

/** Whether a server has a place, as far as is known. */
export function isOn(servers: Servers, place: number, link: RedisLink): boolean {
  try {
    return servers.linkOf(place) === link;
  } catch {
    return false;
  }
}
