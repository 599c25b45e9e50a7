export { backOffMs } from './counting/back-off.js';
export { CommitCounts } from './counting/commit-counts.js';
export { CommitLoop, type CommitLoopEvents } from './counting/commit-loop.js';
export { Distribution } from './counting/distribution.js';
export { Intake, type IntakeLimits, type IntakeOptions } from './counting/intake.js';
export { LabsSource } from './counting/labs-source.js';
export { Ledger } from './counting/ledger.js';
export { intakeMeters } from './counting/meters.js';
export { PayloadSlice } from './counting/payload-slice.js';
export {
  type PublishExample,
  type RejectionNote,
  SourceTally,
  type TallyLine,
} from './counting/source-tally.js';
export { type UnmatchedNote, UnmatchedTopics } from './counting/unmatched-topics.js';
export { AckCode, ackFrame, PUBACK, PUBREC } from './tap/ack-frame.js';
export { CONNECT, frameLength, INCOMPLETE, MALFORMED } from './tap/frame.js';
export { FramePieces } from './tap/frame-pieces.js';
export { plainError } from './tap/plain-error.js';
export { PublishTap } from './tap/publish-tap.js';
export type { PublishTapOptions } from './tap/publish-tap-options.js';
export { type AckReason, ackReason } from './tap/reasoned-acks.js';
export { SinglePublishes } from './tap/single-publishes.js';
export type {
  PublishCopies,
  PublishCopy,
  TapGreeting,
  TapPolicy,
  TapRate,
  TapRules,
  TapTurns,
  TurnKind,
} from './tap/tap-policy.js';
export {
  type Lendable,
  type PieceTaker,
  type Port,
  StreamTransport,
  type TapTransport,
  type TransportObserver,
} from './tap/tap-transport.js';
export type { RefusalKind } from './tap/unfinished-frame.js';
export type { ObservationSink, Publish, PublishSource } from './topics/publish-source.js';
export { SourceTable } from './topics/source-table.js';
export { TopicFilters } from './topics/topic-filters.js';
