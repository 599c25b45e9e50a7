import { emptyAggregate, keepsHistograms, packAggregate } from '@humtemp/bucket-core';
import type { Redis } from 'ioredis';

/** Keys of one kind, and what they take together. */
export interface KeyKind {
  readonly name: string;
  readonly holds: 'buckets' | 'identities' | 'index';
  /** Of the buckets, or of those that the index is of; undefined where there is no such. */
  readonly durationS: number | undefined;
  keys: number;
  /** Key, value and the entry in the table of keys. */
  bytes: number;
  histogramBytes: number;
}

const PAGE_KEYS = 1000;
/** Of a packed aggregate, what is not histograms. */
const AGGREGATE_BYTES = packAggregate(emptyAggregate()).length;

/** Looks at every key of a server that only a store with no prefix uses. */
export async function kindsOfKeys(server: Redis): Promise<readonly KeyKind[]> {
  const kinds = new Map<string, KeyKind>();
  let cursor = '0';
  do {
    const [next, keys] = await server.scan(cursor, 'COUNT', PAGE_KEYS);
    cursor = next;
    const pipeline = server.pipeline();
    const seen = keys.map((key) => {
      const kind = kindOf(key, kinds);
      pipeline.memory('USAGE', key, 'SAMPLES', 0);
      const hasHistograms = kind.holds === 'buckets' && keepsHistograms(kind.durationS!);
      if (hasHistograms) pipeline.strlen(key);
      return { kind, hasHistograms };
    });
    const replies = ((await pipeline.exec()) ?? []).map(([, reply]) => Number(reply)).values();
    for (const { kind, hasHistograms } of seen) {
      kind.keys += 1;
      kind.bytes += replies.next().value!;
      if (hasHistograms) kind.histogramBytes += replies.next().value! - AGGREGATE_BYTES;
    }
  } while (cursor !== '0');
  return [...kinds.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The kind that a key is of: bucket:{lab}:duration:start, seen:{lab}:hour, labs:partition:duration:start, labs:partition. */
function kindOf(key: string, kinds: Map<string, KeyKind>): KeyKind {
  const [first, , third] = key.split(':') as [string, string, string | undefined];
  const holds = first === 'bucket' ? 'buckets' : first === 'seen' ? 'identities' : 'index';
  const durationS = holds === 'identities' || third === undefined ? undefined : Number(third);
  const name =
    holds === 'identities'
      ? 'identities, one set an hour'
      : durationS === undefined
        ? 'index: sorted sets of labs'
        : holds === 'buckets'
          ? `buckets of ${durationS} s`
          : `index: sets of labs by bucket of ${durationS} s`;
  let kind = kinds.get(name);
  if (kind === undefined) {
    kind = { name, holds, durationS, keys: 0, bytes: 0, histogramBytes: 0 };
    kinds.set(name, kind);
  }
  return kind;
}
