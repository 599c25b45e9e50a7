export { backOffMs } from './back-off.js';
export { CommitLoop, type CommitLoopEvents } from './commit-loop.js';
export { Intake, type IntakeLimits, type IntakeOptions } from './intake.js';
export { Ledger } from './ledger.js';
export { PublishTap, type PublishTapOptions } from './publish-tap.js';
export { TopicFilters } from './topic-filters.js';
