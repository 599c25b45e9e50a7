import { createHash } from 'node:crypto';
import { type Keys, PARTITIONS, PLACES, tagOf } from './keys.js';
import { RedisLink } from './redis-link.js';
import type { Servers, ServersOptions } from './servers.js';
import { checkLayout } from './store-layout.js';
import type { ServerAddress } from './topology.js';

/**
 * One server, or several that know nothing of each other. A place is on the server that has the highest number of all for
 * it (rendezvous hashing): when a server is added, only what it gets moves.
 */
export class FixedServers implements Servers {
  readonly links: readonly RedisLink[];
  readonly isOne: boolean;
  readonly groups: readonly (readonly number[])[];
  readonly #indices: readonly number[];
  #hasWarnedOfEarlier = false;

  constructor(
    servers: readonly ServerAddress[],
    readonly options: ServersOptions,
    readonly keys: Keys,
  ) {
    this.isOne = servers.length === 1;
    const names = servers.map(({ name }) => name);
    this.#indices = PLACES.map((place) => indexOfPlace(names, place));
    const groups = servers.map((_, index) => PARTITIONS.filter((place) => this.#indices[place] === index));
    this.groups = groups.filter(({ length }) => length > 0);
    const listed = this.isOne ? undefined : names;
    const { onMoved } = options;
    this.links = servers.map(({ name, url }, index) => {
      const isMine = (place: number) => this.#indices[place] === index;
      return new RedisLink({
        ...options,
        url,
        name: this.isOne ? '' : name,
        isClusterNode: false,
        onNewConnection: () => onMoved(isMine),
        admit: (link) => this.#admit(link, listed),
      });
    });
  }

  get patienceMs(): number {
    return 0;
  }

  linkOf(place: number): RedisLink {
    return this.links[this.#indices[place]!]!;
  }

  groupOf(place: number): number {
    return this.#indices[place]!;
  }

  get laneCount(): number {
    return this.links.length;
  }

  laneOf(place: number): number {
    return this.#indices[place]!;
  }

  async lookAgain(): Promise<void> {}

  close(): void {
    for (const link of this.links) link.close();
  }

  async #admit({ commits, name }: RedisLink, listed: readonly string[] | undefined): Promise<void> {
    const probe = this.keys.probe(0);
    await commits.humtemp_probe(2, probe, this.keys.aside(probe));
    const hasEarlier = await checkLayout(commits, this.keys, name, listed);
    if (!hasEarlier || this.#hasWarnedOfEarlier) return;
    this.#hasWarnedOfEarlier = true;
    this.options.onWarning?.(
      'Redis has buckets of an earlier version of humtemp under keys without prefix: they are not read, and expire',
    );
  }
}

/** The server that has a place. */
export function indexOfPlace(names: readonly string[], place: number): number {
  let best = 0;
  let bestScore = '';
  for (const [i, name] of names.entries()) {
    const score = createHash('sha256')
      .update(`${name} ${tagOf(place)}`)
      .digest('hex');
    if (score <= bestScore) continue;
    best = i;
    bestScore = score;
  }
  return best;
}
