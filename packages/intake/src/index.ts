export { backOffMs } from './counting/back-off.js';
export { CommitLoop, type CommitLoopEvents } from './counting/commit-loop.js';
export { Intake, type IntakeLimits, type IntakeOptions } from './counting/intake.js';
export { Ledger } from './counting/ledger.js';
export { CONNECT, frameLength, INCOMPLETE, MALFORMED } from './tap/frame.js';
export { PublishTap } from './tap/publish-tap.js';
export type { PublishTapOptions } from './tap/publish-tap-options.js';
export type {
  PublishCopies,
  PublishCopy,
  TapEntrance,
  TapGreeting,
  TapPolicy,
  TapRate,
} from './tap/tap-policy.js';
export { TopicFilters } from './topics/topic-filters.js';
