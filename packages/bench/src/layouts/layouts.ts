import type { BucketStore, StoreOptions } from '@humtemp/bucket-core';
import { kindOfBucketKeys, kindOfPages } from '../memory/memory-by-kind.js';
import { openRedisStore, STORE_OPTIONS } from '../redis.js';
import { BucketKeysStore } from './bucket-keys/bucket-keys-store.js';

/** A store as far as measurements use it. */
export type MeasuredStore = Pick<
  BucketStore,
  'commit' | 'buckets' | 'series' | 'labs' | 'latest' | 'close'
> & {
  /** Resolves when nothing is left to be done after commits. */
  whenFolded(): Promise<void>;
};

/** A way to keep buckets in Redis. */
export interface Layout {
  readonly name: string;
  open(url: string, prefix?: string, options?: StoreOptions): Promise<MeasuredStore>;
  /** The kind of a key of a store without prefix. */
  kindOf(key: string): string;
}

export const PAGES: Layout = {
  name: 'humtemp',
  open: (url, prefix = '', options = STORE_OPTIONS) => openRedisStore(url, prefix, options),
  kindOf: kindOfPages,
};

/** What humtemp had before. */
export const BUCKET_KEYS: Layout = {
  name: 'before: a key for each bucket',
  async open(url, prefix = '', options = STORE_OPTIONS) {
    const store = new BucketKeysStore({ ...options, url, prefix });
    await store.ping();
    return Object.assign(store, { whenFolded: async () => {} });
  },
  kindOf: kindOfBucketKeys,
};

export const LAYOUTS: readonly Layout[] = [BUCKET_KEYS, PAGES];
