import { pause } from '@humtemp/test-services';
import type { RedisStore } from './redis-store.js';

/** Resolves once the store takes commits. @throws after a minute or more why it does not. */
export async function ready(store: RedisStore): Promise<void> {
  for (let i = 0; ; i++) {
    try {
      return await store.ping();
    } catch (error) {
      if (i > 2400) throw error;
      await pause(25);
    }
  }
}
