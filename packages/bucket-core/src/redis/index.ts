export type { Durability } from './durability.js';
export { type EarlierBucketsOptions, earlierBuckets } from './earlier-buckets.js';
export {
  type MovedPlace,
  Spreading,
  type SpreadOptions,
  type SpreadPlan,
  SpreadProblem,
  type SpreadReport,
} from './places/spreading.js';
export { RedisStore, type RedisStoreOptions } from './redis-store.js';
export { factsOf, findingsOf, type ServerFacts, type ServerFinding } from './self-check.js';
export { hearEveryError } from './socket-errors.js';
