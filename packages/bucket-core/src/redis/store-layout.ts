import { LAB_PARTITIONS } from '../observation/lab-id.js';
import { Keys } from './keys.js';
import { isWrongType } from './redis-errors.js';
import type { ScriptedRedis } from './scripts.js';

/** The server cannot be used as it is, and trying again does not help. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
}

/** What this version writes. Another number means that it cannot read what is there, or what it writes cannot be read. */
const LAYOUT = { layout: 1, partitions: LAB_PARTITIONS } as const;

/** The layout before this one had no marker, but these keys. */
const EARLIER_PARTITIONS = 16;

/**
 * Sees to it that the keys under the prefix are of this layout, and of these servers: an empty place is marked.
 * @param name of the server, for messages
 * @param servers the names of all servers, where there are several: labs would be looked for in the wrong place with others
 * @returns whether there are buckets of the earlier layout under keys without prefix.
 * @throws StoreRefused when what is there is of another layout, or of other servers
 */
export async function checkLayout(
  redis: ScriptedRedis,
  keys: Keys,
  name = '',
  servers?: readonly string[],
): Promise<boolean> {
  const expected = { ...LAYOUT, ...(servers !== undefined && { servers: [...servers].sort() }) };
  const place = keys.prefix === '' ? 'keys without prefix' : `keys with the prefix ${keys.prefix}`;
  if ((await redis.exists(keys.layout())) === 0) {
    if (name === '' && (await redis.exists(...earlierKeys(keys))) > 0)
      throw new StoreRefused(
        `Redis has buckets of an earlier version of humtemp under ${place}, which this version cannot read: ` +
          'choose another prefix, and the buckets begin anew; or go on with the earlier version',
      );
    await redis.set(keys.layout(), JSON.stringify(expected), 'NX');
  }
  const marker = await redis.get(keys.layout()).catch((error: Error) => {
    // What is no text is no marker. Any other error says nothing about it.
    if (!isWrongType(error)) throw error;
    return error.message;
  });
  const found = parsed(marker);
  if (found?.layout !== LAYOUT.layout || found.partitions !== LAYOUT.partitions)
    throw new StoreRefused(
      `Redis has data of another layout under ${place}: ${keys.layout()} is ${marker}, not ${JSON.stringify(LAYOUT)}; ` +
        'choose another prefix, or the version of humtemp that wrote it',
    );
  if (JSON.stringify(found.servers) !== JSON.stringify(expected.servers))
    throw new StoreRefused(otherServers(name, found.servers, expected.servers));
  // The nodes of a cluster have no keys in common to ask for.
  if (keys.prefix === '' || name !== '') return false;
  // A user of Redis may not be allowed to look there.
  return redis.exists(...earlierKeys(new Keys(''))).then(
    (count) => count > 0,
    () => false,
  );
}

function earlierKeys(keys: Keys): [string, ...string[]] {
  const labs = Array.from({ length: EARLIER_PARTITIONS }, (_, partition) => keys.earlierLabs(partition));
  return labs as [string, ...string[]];
}

function otherServers(name: string, found: unknown, expected: readonly string[] | undefined): string {
  const held = Array.isArray(found)
    ? `the labs of these servers: ${found.join(', ')}`
    : 'all labs for itself';
  const named = expected === undefined ? 'only one' : expected.join(', ');
  return (
    `Redis ${name} keeps `.replace('  ', ' ') +
    `${held}; HUMTEMP_REDIS_URL names ${named}. Labs would be looked for on the wrong server, and counted twice: ` +
    'name the same servers as before, or move their labs first (docs/scaling.md)'
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
