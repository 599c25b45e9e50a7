export {
  type Aggregate,
  addObservation,
  copyAggregate,
  emptyAggregate,
  lastMs,
  type MetricAggregate,
  mergeAggregate,
  SQUARES_REFERENCE,
} from './aggregate.js';
export { Batch, ROW_LENGTH } from './batch.js';
export { bucketGrid, parseAlignmentS, parseDurationS, parseRollups } from './bucket-config.js';
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
} from './bucket-grid.js';
export { defaultHorizonS, IDENTITIES_MAX } from './deduplication.js';
export { ABSENT, averageOfThousandths, toThousandths } from './fixed-point.js';
export {
  copyHistogram,
  HISTOGRAM_BIN,
  type Histogram,
  keepsHistograms,
  quantile,
  shareWithin,
} from './histogram.js';
export { identityHour, identityOf, identityOfReceipt } from './identity.js';
export { isLabId, LAB_ID_PATTERN, labPartition } from './lab-id.js';
export {
  addCounters,
  EMPTY_COUNTERS,
  imbalance,
  type LedgerCounters,
  type LedgerReport,
  rejectedTotal,
} from './ledger-counters.js';
export {
  decodeObservation,
  FUTURE_MS_MAX,
  isHumidity,
  isTemp,
  type Observation,
  ObservationPayload,
  timeRejection,
} from './observation.js';
export {
  packAggregate,
  unpackAggregate,
} from './packed-aggregate.js';
export { REJECTION_ADVICE, REJECTION_REASONS, type Rejection, type RejectionReason } from './rejection.js';
export {
  type BucketStore,
  CommitError,
  type CommitResult,
  emptyCommitResult,
  type LabBucket,
  LEDGER_REPORT_KEPT_S,
  type StoreOptions,
} from './store.js';
export { average, LabSummary, labSummary } from './summary.js';
export { rfc3339ToMs, timestampToMs } from './timestamp.js';
