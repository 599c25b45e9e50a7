export {
  type Aggregate,
  addObservation,
  copyAggregate,
  emptyAggregate,
  lastMs,
  type MetricAggregate,
  mergeAggregate,
  SQUARES_REFERENCE,
} from './aggregate/aggregate.js';
export {
  copyHistogram,
  HISTOGRAM_BIN,
  type Histogram,
  keepsHistograms,
  quantile,
  shareWithin,
} from './aggregate/histogram.js';
export {
  packAggregate,
  unpackAggregate,
} from './aggregate/packed-aggregate.js';
export { unsoundAggregate } from './aggregate/sound-aggregate.js';
export { bucketGrid, parseAlignmentS, parseDurationS, parseRollups } from './grid/bucket-config.js';
export {
  type BucketGrid,
  bucketExpiryS,
  bucketStartAtOffsetS,
  bucketStartS,
  longestLivedResolution,
  oldestLiveMs,
  primaryResolution,
  type Resolution,
  reachS,
} from './grid/bucket-grid.js';
export {
  counter,
  counterBy,
  gauge,
  gaugeBy,
  histogram,
  type Meter,
  type MeterSample,
  type Spread,
} from './meter/meter.js';
export { ABSENT, averageOfThousandths, toThousandths } from './observation/fixed-point.js';
export { identityHour, identityOf } from './observation/identity.js';
export {
  isLabId,
  isLabPrefix,
  LAB_ID_LENGTH_MAX,
  LAB_ID_PATTERN,
  LAB_PREFIX_PATTERN,
  labPartition,
} from './observation/lab-id.js';
export { labIdOfName, nameOfLabId } from './observation/lab-name.js';
export {
  decodeObservation,
  FUTURE_MS_MAX,
  isHumidity,
  isHumidityFixed,
  isTemp,
  isTempFixed,
  LIMITS,
  type Observation,
  ObservationPayload,
  timeRejection,
} from './observation/observation.js';
export {
  REJECTION_ADVICE,
  REJECTION_REASONS,
  type Rejection,
  type RejectionReason,
} from './observation/rejection.js';
export { mix, RECEIPT_TAG_MIN, receiptTag, sensorTag } from './observation/tag.js';
export { deviceTimeToMs, rfc3339ToMs, timestampToMs } from './observation/timestamp.js';
export { type ServerAddress, type Topology, topologyOf } from './redis/topology.js';
export { Batch, ROW_LENGTH } from './store/batch.js';
export { type Books, LEDGER_REPORT_KEPT_S, type SharedText, type StoreCount } from './store/books.js';
export {
  type BucketRestore,
  RESTORE_FATES,
  type RestoreFate,
  type StoredBucket,
} from './store/bucket-restore.js';
export type { BucketStore, LabBucket, StoreFigures, StoreHealth } from './store/bucket-store.js';
export { CommitError, type CommitResult, emptyCommitResult } from './store/commit-result.js';
export { defaultHorizonS, IDENTITIES_MAX } from './store/deduplication.js';
export {
  addCounters,
  EMPTY_COUNTERS,
  imbalance,
  type LedgerCounters,
  type LedgerReport,
  rejectedTotal,
} from './store/ledger-counters.js';
export { describeMissing, PartitionsMissing } from './store/partitions-missing.js';
export type { ProcessState, StateWarning } from './store/process-state.js';
export type { SessionRecord, SessionRegister } from './store/session-register.js';
export type { Store } from './store/store.js';
export { FAULTS_MAX, type StoreFault } from './store/store-fault.js';
export type { StoreOptions } from './store/store-options.js';
export {
  covers,
  filterLevels,
  hasWildcard,
  haveTopicInCommon,
  type Levels,
  matchedByWildcards,
  matchesTopic,
  overlapOf,
  withoutCovered,
} from './topics/topic-grammar.js';
