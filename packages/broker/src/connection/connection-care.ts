import type { BrokerLimits } from '../limits.js';
import { ReasonCode } from '../mqtt5/reason-code.js';
import type { ServingClock } from './serving-clock.js';
import type { StrangerTurns } from './stranger-turns.js';

/** The keep-alive is over after one and a half times of it without a packet [MQTT-3.1.2-24]. */
const KEEP_ALIVE_FACTOR = 1.5;
/** Before so much of it is over, nobody can be late, nor wait for the answer to a ping. */
const WELL_FACTOR = 1 / 3;
/** Time for a client to read why its connection ends. */
const LAST_WORDS_MS = 5000;

/** What care looks at, and what it can do. Times are those of `ServingClock`, in which the broker served. */
export interface CaredFor {
  readonly tap: {
    readonly isHeldBack: boolean;
    readonly readableLength: number;
    answerPing(): void;
    destroy(): void;
  };
  /** Empty until it is accepted. */
  readonly clientId: string;
  /** 0: none. */
  readonly keepAliveMs: number;
  readonly openedAtMs: number;
  heardAtMs: number;
  /** For how long it has not read, with its fill of what it subscribes to waiting. */
  readonly fullForMs: number;
  end(reason: string, code?: number): void;
}

export interface CareOptions {
  readonly limits: Pick<BrokerLimits, 'connectTimeoutMs' | 'subscriberTimeoutMs'>;
  readonly clock: ServingClock;
  /** In which connections are ended that are late. */
  readonly strangers: StrangerTurns;
}

/** Whether an accepted client was heard so lately that nobody has to look closer. */
export function wasHeardLately({ keepAliveMs, heardAtMs, clientId }: CaredFor, nowMs: number): boolean {
  return nowMs - heardAtMs < keepAliveMs * WELL_FACTOR && clientId !== '';
}

/**
 * Looks now and then after a connection that cannot show that it is alive, says nothing, or does not read:
 *
 *     served ──what it sent waits for us──▶ held back: its pings are answered, its keep-alive does not run ──▶ served
 *       └──it is late, or it was told why it ends──▶ over ──it has read that, or had its time──▶ closed, in its turn
 */
export class ConnectionCare {
  /** Since when it only waits to be closed: for the client to read the last words, or not to come back at once. */
  #endedAtMs: number | undefined;
  /** Since when it is not served, or when its ping was answered meanwhile; undefined: it is served. */
  #answeredAtMs: number | undefined;

  constructor(
    readonly connection: CaredFor,
    readonly options: CareOptions,
  ) {}

  /** Whether it must be looked at, however well the connection seems. */
  get isNeeded(): boolean {
    return this.#endedAtMs !== undefined || this.#answeredAtMs !== undefined;
  }

  /** The connection is over, and is closed a while later. */
  ended(): void {
    this.#endedAtMs = this.options.clock.servedMs;
  }

  look(): void {
    const { connection, options } = this;
    const { limits, clock } = options;
    const { tap, keepAliveMs } = connection;
    const nowMs = clock.servedMs;
    if (this.#endedAtMs !== undefined) {
      if (nowMs - this.#endedAtMs > LAST_WORDS_MS) this.#soon(() => tap.destroy());
      return;
    }
    // What it has sent waits for us.
    if (tap.isHeldBack || tap.readableLength > 0) this.#answerForIt(nowMs);
    else this.#answeredAtMs = undefined;
    if (connection.fullForMs > limits.subscriberTimeoutMs)
      this.#soon(() => connection.end('it does not read', ReasonCode.quotaExceeded));
    else if (keepAliveMs > 0 && nowMs - connection.heardAtMs > keepAliveMs * KEEP_ALIVE_FACTOR)
      this.#soon(() => connection.end('keep alive timeout', ReasonCode.keepAliveTimeout));
    else if (connection.clientId === '' && nowMs - connection.openedAtMs > limits.connectTimeoutMs)
      this.#soon(() => connection.end('it was not accepted in time'));
  }

  /** Ends it when there is time: thousands may be late at once. */
  #soon(end: () => void): void {
    this.#endedAtMs = Number.POSITIVE_INFINITY;
    this.options.strangers.add(end);
  }

  /** Its pings are answered before they can be read, and its keep-alive does not run. */
  #answerForIt(nowMs: number): void {
    const { connection } = this;
    const { keepAliveMs } = connection;
    connection.heardAtMs = nowMs;
    this.#answeredAtMs ??= nowMs;
    if (keepAliveMs === 0 || nowMs - this.#answeredAtMs < keepAliveMs / 2) return;
    this.#answeredAtMs = nowMs;
    connection.tap.answerPing();
  }
}
