export type { Durability } from './durability.js';
export { RedisStore, type RedisStoreOptions } from './redis-store.js';
