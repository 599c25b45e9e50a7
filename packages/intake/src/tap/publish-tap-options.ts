import type { Intake } from '../counting/intake.js';
import type { SourceTable } from '../topics/source-table.js';

/** What taps may share. */
export interface PublishTapOptions {
  /** MQTT 3.1.1 is 4. The two differ in that publishes of 5 have properties. */
  readonly protocolVersion: 4 | 5;
  /** Whose publishes are taken. */
  readonly sources: SourceTable;
  readonly intake: Intake;
  /** Bytes of a frame. A longer one ends the connection, but for publishes if `skipTooLong`. */
  readonly frameBytesMax: number;
  /**
   * A publish that is too long is rejected and acknowledged, and its bytes are dropped as they come. For a
   * consumer: the broker would deliver it again and again. Only for publishes of observation topics, which is
   * all that comes.
   */
  readonly skipTooLong?: boolean;
  /** Whether retained observation publishes are taken too. If not, they pass: a broker has to keep them. */
  readonly takeRetained: boolean;
  /** Whether publishes are taken; if not, all pass. For tests of what stands behind. Default: true. */
  readonly takesPublishes?: boolean;
  /**
   * Called whenever publishes were taken: the endpoint does not see them, and may think that nobody is there.
   */
  readonly onTaken?: () => void;
  /** Called at each round of acknowledgements: how many publishes awaited theirs when it began. */
  readonly onAcknowledge?: (unacknowledged: number) => void;
}
