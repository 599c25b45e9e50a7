import type { Redis } from 'ioredis';

/** Keys of one kind, and what they take together. */
export interface KeyKind {
  readonly name: string;
  keys: number;
  /** Key, value and the entry in the table of keys. */
  bytes: number;
}

const PAGE_KEYS = 1000;

/** Looks at every key of a server that only a store with no prefix uses. */
export async function kindsOfKeys(
  server: Redis,
  nameOf: (key: string) => string,
): Promise<readonly KeyKind[]> {
  const kinds = new Map<string, KeyKind>();
  let cursor = '0';
  do {
    const [next, keys] = await server.scan(cursor, 'COUNT', PAGE_KEYS);
    cursor = next;
    const pipeline = server.pipeline();
    for (const key of keys) pipeline.memory('USAGE', key, 'SAMPLES', 0);
    const replies = (await pipeline.exec()) ?? [];
    for (const [i, key] of keys.entries()) {
      const name = nameOf(key);
      const kind = kinds.get(name) ?? { name, keys: 0, bytes: 0 };
      kinds.set(name, kind);
      kind.keys += 1;
      kind.bytes += Number(replies[i]?.[1]);
    }
  } while (cursor !== '0');
  return [...kinds.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** humtemp's keys: {partition}:lab:…, raw, agg with a duration, labs, names and others. */
export function kindOfPages(key: string): string {
  const [, kind, , durationS] = key.split(':');
  switch (kind) {
    case 'lab':
      return 'heads';
    case 'raw':
      return 'raw pages';
    case 'agg':
      return `pages of buckets of ${durationS} s`;
    case 'labs':
    case 'names':
      return 'index';
    default:
      return 'others';
  }
}

/** As it was before pages: bucket:{lab}:duration:start, seen:{lab}:hour, labs:partition[:duration:start]. */
export function kindOfBucketKeys(key: string): string {
  const [first, , third] = key.split(':');
  if (first === 'bucket') return `buckets of ${third} s`;
  return first === 'seen' ? 'identities, one set an hour' : 'index';
}
