import type { Duplex } from 'node:stream';
import type { Intake } from '../counting/intake.js';
import type { SourceTable } from '../topics/source-table.js';
import type { TapPolicy } from './tap-policy.js';
import type { TapTransport } from './tap-transport.js';

export interface PublishTapOptions {
  /** The connection to the other side: TCP, TLS or WebSocket. */
  readonly transport: Duplex | TapTransport;
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
  /** For a tap in front of a broker. */
  readonly policy?: TapPolicy;
}
