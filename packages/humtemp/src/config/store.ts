import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import type { Durability } from '@humtemp/bucket-core/redis';
import { defaultDataFolder } from './data-folder.js';
import { duration, folder, integer, kind, pattern } from './kinds.js';
import { problem } from './problem.js';
import { REDIS_DB_MAX, redisServers, urlHost, withoutPassword } from './url.js';
import { optional, secret, type ValuesOf, withDefault } from './variable.js';

/** Where buckets are kept. */
export const STORE = {
  heading: 'Store',
  variables: {
    dataDir: optional(
      'HUMTEMP_DATA_DIR',
      'folder of the embedded store, which is used without Redis; default: $XDG_STATE_HOME/humtemp, or ~/.local/state/humtemp',
      folder,
    ),
    redisUrl: secret(
      'HUMTEMP_REDIS_URL',
      'Redis to keep buckets in: one server, a comma-separated list of several, or redis+cluster://host:port,host:port',
      kind('redis:// or rediss://, one or several; or redis+cluster://', redisServers),
      withoutPassword,
    ),
    redisHost: optional(
      'HUMTEMP_REDIS_HOST',
      'host of Redis, if no URL is given',
      kind('address or host name', urlHost),
      withoutPassword,
    ),
    redisPort: withDefault(
      'HUMTEMP_REDIS_PORT',
      '6379',
      'port of Redis, if no URL is given',
      integer(1, 65_535),
    ),
    redisDb: withDefault(
      'HUMTEMP_REDIS_DB',
      '0',
      'database of Redis, if no URL is given',
      integer(0, REDIS_DB_MAX),
    ),
    redisPrefix: withDefault(
      'HUMTEMP_REDIS_PREFIX',
      'humtemp:',
      'text in front of every key in Redis',
      pattern(/^[^{}\s]*$/, 'no braces or blanks'),
    ),
    redisTimeoutS: withDefault(
      'HUMTEMP_REDIS_TIMEOUT',
      '5s',
      'how long Redis may take to answer; after that, humtemp connects again',
      duration(),
    ),
    durability: withDefault(
      'HUMTEMP_DURABILITY',
      'memory',
      'what must hold before an observation is acknowledged: Redis has it in memory, a replica has it too, or it is in the append-only file on disk (Redis 7.2 or later); the embedded store always has it on disk',
      kind('memory, replica or fsync', (value) => {
        if (!isDurability(value)) throw new RangeError('memory, replica or fsync');
        return value;
      }),
    ),
  },
} as const;

const DURABILITIES: readonly Durability[] = ['memory', 'replica', 'fsync'];

function isDurability(text: string): text is Durability {
  return DURABILITIES.some((one) => one === text);
}

export type StoreValues = ValuesOf<typeof STORE>;

/** What the variables of the store, each of them good, do not say together. */
export function storeProblems(address: StoreAddress, { durability }: Partial<StoreValues>): string[] {
  return 'dataDir' in address && durability === 'replica'
    ? [problem('HUMTEMP_DURABILITY', durability, 'fsync or memory: the embedded store has no replicas')]
    : [];
}

/** The Redis to use, or the folder of the embedded store. */
export type StoreAddress = { readonly redisUrl: string } | { readonly dataDir: string };

const surroundings = { home: homedir(), exists: existsSync };

/** Redis where one is named, and for the roles that share their store with other processes. */
export function storeAddress(values: StoreValues, env: NodeJS.ProcessEnv, isShared: boolean): StoreAddress {
  if (values.redisUrl !== undefined) return { redisUrl: values.redisUrl };
  const isNamed = ['HUMTEMP_REDIS_HOST', 'HUMTEMP_REDIS_PORT', 'HUMTEMP_REDIS_DB'].some(
    (name) => env[name] !== undefined,
  );
  if (!isNamed && !isShared) return { dataDir: values.dataDir ?? defaultDataFolder(env, surroundings) };
  return { redisUrl: `redis://${values.redisHost ?? '127.0.0.1'}:${values.redisPort}/${values.redisDb}` };
}
