import type { ServiceSource } from './program-source.js';

/**
 * A private server process (or container) of a test, which may be hurt in every way the fault tests need.
 *
 *     running ──kill, terminate──▶ dead ──start──▶ running
 *     running ──freeze──▶ frozen ──thaw──▶ running,  frozen ──kill, terminate──▶ dead
 *     any ──close──▶ closed
 *
 * Port and data folder stay the same from the first start to `close`. What would change nothing
 * (killing the dead, thawing the running, closing twice) does nothing.
 */
export interface Service {
  /** Where the program came from. */
  readonly source: ServiceSource;
  readonly host: string;
  readonly port: number;
  /** `redis://host:port` or `mqtt://host:port` */
  readonly url: string;
  /** Where other servers from the same source find it, while it runs. */
  peerAddress(): Promise<{ readonly host: string; readonly port: number }>;
  /** SIGKILL, as a crash; resolves when the process is gone. Works on a frozen server too. */
  kill(): Promise<void>;
  /** SIGTERM, and waits until the process is gone. A frozen server is thawed to obey it. */
  terminate(): Promise<void>;
  /** Starts a dead server again; resolves when it accepts connections and answers. */
  start(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): Promise<void>;
  /** SIGCONT */
  thaw(): Promise<void>;
  /** Stops the server for good and removes its folder. */
  close(): Promise<void>;
  /** What it printed so far, over all its starts, for the message of a failed test; complete once it is gone. */
  readonly log: () => string;
}
