export { backOffMs } from './back-off.js';
export { CommitLoop, type CommitLoopEvents } from './commit-loop.js';
export { Intake, type IntakeLimits, type IntakeOptions } from './intake.js';
export { Ledger } from './ledger.js';
export { PublishTap } from './publish-tap.js';
export type { PublishTapOptions } from './publish-tap-options.js';
export type { PublishCopies, PublishCopy, TapBroker } from './tap-broker.js';
export { TopicFilters } from './topic-filters.js';
