import { LAB_PARTITIONS } from '../observation/lab-id.js';
import { EARLIER_PARTITIONS, Keys } from './keys.js';
import { isWrongType } from './redis-errors.js';
import type { ScriptedRedis } from './scripts.js';

/** The server cannot be used as it is, and trying again does not help. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
}

/** What this version writes. Another number means that it cannot read what is there, or what it writes cannot be read. */
const LAYOUT = { layout: 1, partitions: LAB_PARTITIONS } as const;
/** The same of a store that began on several servers: another number when a place would be looked for on another one. */
const LAYOUT_OF_SEVERAL = { ...LAYOUT, layout: 2 } as const;

/** What a server says of itself. */
export interface Layout {
  /** The names of the servers that a store of several began with; undefined: it began as the only one. */
  readonly servers: readonly string[] | undefined;
  /** Whether it was empty. */
  readonly isNew: boolean;
  /** Whether there are buckets of the earlier layout under keys without prefix. */
  readonly hasEarlier: boolean;
}

/**
 * Sees to it that the keys under the prefix are of this layout: an empty place is marked.
 * @param name of the server, for messages; empty: there is only one
 * @param serversOfNew says which servers a store begins with whose place is empty; undefined: this one only
 * @throws StoreRefused when what is there is of another layout
 */
export async function checkLayout(
  redis: ScriptedRedis,
  keys: Keys,
  name = '',
  serversOfNew: () => Promise<readonly string[] | undefined> = async () => undefined,
): Promise<Layout> {
  const place = keys.prefix === '' ? 'keys without prefix' : `keys with the prefix ${keys.prefix}`;
  const isNew = (await redis.exists(keys.layout())) === 0;
  if (isNew) {
    if (name === '' && (await redis.exists(...earlierKeys(keys))) > 0)
      throw new StoreRefused(
        `Redis has buckets of an earlier version of humtemp under ${place}, which this version does not continue: ` +
          'choose another HUMTEMP_REDIS_PREFIX, and take the buckets over with humtemp export --earlier (docs/stores.md)',
      );
    const servers = await serversOfNew();
    const marker = servers === undefined ? LAYOUT : { ...LAYOUT_OF_SEVERAL, servers: [...servers].sort() };
    await redis.set(keys.layout(), JSON.stringify(marker), 'NX');
  }
  const marker = await redis.get(keys.layout()).catch((error: Error) => {
    // What is no text is no marker. Any other error says nothing about it.
    if (!isWrongType(error)) throw error;
    return error.message;
  });
  const found = parsed(marker);
  const expected = Array.isArray(found?.servers) ? LAYOUT_OF_SEVERAL : LAYOUT;
  if (found?.layout !== expected.layout || found.partitions !== expected.partitions)
    throw new StoreRefused(
      `Redis has data of another layout under ${place}: ${keys.layout()} is ${marker}, not ${JSON.stringify(expected)}; ` +
        'choose another prefix, or the version of humtemp that wrote it',
    );
  const servers = Array.isArray(found.servers) ? found.servers.map(String) : undefined;
  // The nodes of a cluster have no keys in common to ask for.
  if (keys.prefix === '' || name !== '') return { servers, isNew, hasEarlier: false };
  // A user of Redis may not be allowed to look there.
  const hasEarlier = await redis.exists(...earlierKeys(new Keys(''))).then(
    (count) => count > 0,
    () => false,
  );
  return { servers, isNew, hasEarlier };
}

/** The layout before this one had no marker, but these keys. */
function earlierKeys(keys: Keys): [string, ...string[]] {
  const labs = Array.from({ length: EARLIER_PARTITIONS }, (_, partition) => keys.earlierLabs(partition));
  return labs as [string, ...string[]];
}

/** Says that a server belongs to others than those that are named. @param name of the server; empty: there is only one */
export function otherServers(
  name: string,
  holders: readonly string[] | undefined,
  named: readonly string[],
): StoreRefused {
  const held =
    holders === undefined ? 'all labs for itself' : `the labs of these servers: ${holders.join(', ')}`;
  return new StoreRefused(
    `Redis ${name} keeps `.replace('  ', ' ') +
      `${held}; HUMTEMP_REDIS_URL names ${named.length === 1 ? 'only one' : named.join(', ')}. ` +
      'Labs would be looked for on the wrong server, and counted twice: ' +
      'name the same servers as before, or move their labs first (docs/scaling.md)',
  );
}

function parsed(
  text: string | null,
): { layout?: unknown; partitions?: unknown; servers?: unknown } | undefined {
  try {
    return JSON.parse(text ?? '') as { layout?: unknown; partitions?: unknown; servers?: unknown };
  } catch {
    return undefined;
  }
}
