import type { SessionRegister } from '@humtemp/bucket-core';
import { overlapOf } from '@humtemp/bucket-core';
import { backOffMs, type Intake, type SourceTable } from '@humtemp/intake';
import type { Logger } from 'pino';
import { BacklogWatch } from './backlog-watch.js';
import {
  BrokerConnection,
  ConnectionError,
  isShared,
  type ProtocolVersion,
  SESSION_TAKEN_OVER,
  SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,
  UNSUPPORTED_PROTOCOL_VERSION,
} from './broker-connection.js';
import { BrokerWarnings } from './broker-warnings.js';
import { FIRST_RECORD_RETRY_MS, SessionKeeper } from './session-keeper.js';
import { subscriptionsOf } from './session-record.js';
import { probeSharedSubscription } from './shared-subscription-probe.js';
import { Subscriptions } from './subscriptions.js';
import { ThrottleWatch } from './throttle-watch.js';
import { type TransportSecurity, withoutPassword } from './transport.js';

export interface WorkerOptions extends TransportSecurity {
  /** mqtt:// or mqtts://, with user and password if the broker asks for them. */
  readonly url: string;
  /** Names this worker's session at the broker: the same at every start, different for each worker. */
  readonly clientId: string;
  /** Workers of one group split the stream. Empty: not shared, for a single worker. */
  readonly group: string;
  readonly sessionExpiryS: number;
  readonly keepAliveS: number;
  /** What to speak first: 5 gives way to 4, that is 3.1.1, where the broker does not speak it. */
  readonly protocolVersion: ProtocolVersion;
  readonly sources: SourceTable;
  /** Whether topic filters may have topics in common, which a broker may deliver twice. */
  readonly toleratesOverlap?: boolean;
  readonly intake: Intake;
  /** Where workers record the sessions they serve. */
  readonly store: SessionRegister;
  /** Names this run of this process, among all. */
  readonly process: string;
  /** A session that no worker has served for this long is taken over by another. */
  readonly adoptAfterS: number;
  /** How long the broker may take to answer a subscription. Default: 10 s. */
  readonly answerTimeoutMs?: number;
  readonly frameBytesMax: number;
  /** Publishes that the broker may have in flight to us, at most 65,535. */
  readonly receiveMaximum: number;
  readonly log: Logger;
}

/** What a worker has lived through, for the operator. */
export interface WorkerCounters {
  connections: number;
  /** Connections at which the broker had forgotten our session, and with it what had waited for us. */
  sessionsLost: number;
  /** Publishes that the broker says it has dropped since we look. */
  dropped: number;
}

/** Something that trying again will not mend. */
export class WorkerStopped extends Error {
  override readonly name = 'WorkerStopped';
}

const RECONNECT_DELAY_MS = { min: 100, max: 10_000 };
const STORE_FIRST = 'not connected yet: the store comes first';
/** Longest time that leaving a group may take. */
const LEAVE_MS_MAX = 3000;
/** A connection that lasted this long was a good one: the next attempt comes soon. */
const GOOD_CONNECTION_MS = 10_000;

/**
 * Subscribes to an external broker and feeds intake; a publish is acknowledged once intake has settled it.
 *
 *     connecting ──accepted──▶ serving ──connection ends──▶ waiting ──back-off──▶ connecting
 *         │                       │
 *         └─ no shared subscriptions, or our client id is used by another ─▶ stopped
 *
 * The session at the broker is persistent: what comes while we are away waits there, and what was not
 * acknowledged is delivered again. It speaks MQTT 5, and 3.1.1 with brokers that do not.
 */
export class Worker {
  readonly counters: WorkerCounters = { connections: 0, sessionsLost: 0, dropped: 0 };
  /** Resolves when the worker was closed. @throws WorkerStopped when it had to stop. */
  readonly running: Promise<void>;
  readonly #options: WorkerOptions;
  #connection: BrokerConnection | undefined;
  /** Those of the connection, once the broker has accepted it. */
  #subscriptions: Subscriptions | undefined;
  #notReady: string | undefined = STORE_FIRST;
  #closing = false;
  #wake: (() => void) | undefined;
  #hasLeft = false;
  #hopeless: WorkerStopped | undefined;
  #probed = false;
  /** What the broker spoke last. */
  #spoken: ProtocolVersion | undefined;
  readonly #sessions: SessionKeeper;
  readonly #backlog: BacklogWatch;
  readonly #warnings: BrokerWarnings;

  /** @throws RangeError if topic filters overlap, unless it tolerates that. */
  constructor(options: WorkerOptions) {
    if (options.toleratesOverlap !== true) refuseOverlap(options.sources.filters);
    this.#options = options;
    this.#warnings = new BrokerWarnings(options.log, options.sessionExpiryS, (publishes) => {
      this.counters.dropped += publishes;
    });
    options.sources.onReplaced(() => void this.#followSources());
    this.#sessions = new SessionKeeper(
      options,
      () => this.#connection?.abort(),
      (reason) => this.#logNotReady(reason, FIRST_RECORD_RETRY_MS),
    );
    this.#backlog = new BacklogWatch(
      () => options.intake.unstamped,
      (observations) =>
        options.log.warn(
          { observations },
          'the broker had kept observations without timestamps while nobody was here: they count at their receipt, not when ' +
            'they were measured; let the devices send timestamps',
        ),
    );
    this.running = this.#run();
    // Whoever waits for it hears of its failure; nobody has to.
    this.running.catch(() => {});
  }

  /** Why observations do not come in, or not safely; undefined when all is well. */
  get notReadyReason(): string | undefined {
    const reason = this.#notReady ?? this.#weakReason;
    return reason && `MQTT broker ${withoutPassword(this.#options.url)}: ${reason}`;
  }

  /** Publishes taken and not yet acknowledged. */
  get unacknowledged(): number {
    return this.#connection?.unacknowledged ?? 0;
  }

  /**
   * Before stopping: if another worker of the group is alive, ends our shared subscriptions, so that its
   * broker hands our share to the others at once. What is on its way to us still comes. Takes a few seconds
   * at most.
   */
  async leave(): Promise<void> {
    const subscriptions = this.#subscriptions;
    if (subscriptions === undefined || this.#options.group === '' || this.#notReady !== undefined) return;
    const given = this.#sessions.giveUp();
    const soon = new Promise<false>((resolve) => setTimeout(resolve, LEAVE_MS_MAX, false).unref());
    if (!(await Promise.race([given, soon]))) return;
    this.#hasLeft = true;
    await Promise.race([subscriptions.leave().catch(() => {}), soon]);
    this.#options.log.info('left the group: the other workers have our share now');
  }

  /** Publishes something of our own at QoS 0. While there is no connection it is dropped. */
  publish(topic: string, payload: Uint8Array): void {
    this.#connection?.publish(topic, payload);
  }

  /** Takes no more publishes; those taken are still acknowledged. */
  stopReading(): void {
    this.#sessions.stopReading();
    this.#connection?.stopReading();
  }

  /** Disconnects; the session stays at the broker. */
  async close(): Promise<void> {
    this.#backlog.close();
    this.#closing = true;
    this.#wake?.();
    // What we leave behind in a session without subscriptions is for another worker to take in.
    if (this.#hasLeft && this.unacknowledged > 0) await this.#sessions.keepRecord();
    await Promise.all([this.#sessions.stop(), this.#connection?.close()]);
    await this.running.catch(() => {});
  }

  async #run(): Promise<void> {
    const { protocolVersion } = this.#options;
    let version = protocolVersion;
    for (let attempt = 0; !this.#closing; attempt++) {
      const startedMs = Date.now();
      const error = await this.#connect(version);
      if (this.#closing) break;
      await this.#stopIfHopeless(error);
      if (Date.now() - startedMs >= GOOD_CONNECTION_MS) attempt = 0;
      const other = otherVersion(version, error, this.#spoken);
      const delayMs = other === undefined ? backOffMs(attempt, RECONNECT_DELAY_MS) : 0;
      // Silence was no answer to the version, if the other one does not get an answer either.
      const isAnswered = this.#spoken === version || error.reasonCode !== undefined;
      version = other ?? (isAnswered ? version : protocolVersion);
      this.#logNotReady(error.message, delayMs);
      await this.#wait(delayMs);
    }
    this.#notReady = 'stopped';
  }

  /** One connection, from its beginning to its end. */
  async #connect(version: ProtocolVersion): Promise<ConnectionError> {
    // Not a share of the stream before others can know of it, and not while there is no store to put it in.
    await this.#sessions.start(version);
    if (this.#closing) return new ConnectionError('closed before it began');
    if (this.#notReady === STORE_FIRST) this.#notReady = 'not connected yet';
    const throttle = new ThrottleWatch();
    const connection: BrokerConnection = new BrokerConnection(
      {
        ...this.#options,
        onAcknowledge: (count) => this.#warnings.throttle(throttle.round(count), connection),
        onDropped: (total) => this.#warnings.droppedTotal(total),
        onUnknownTopic: this.#warnings.unknownTopics(),
      },
      version,
    );
    this.#connection = connection;
    try {
      await connection.open();
      const subscriptions = new Subscriptions(connection, () => this.#logWeak());
      this.#subscriptions = subscriptions;
      await subscriptions.want(this.#wanted);
      await this.#sessions.subscribed();
      await this.#sessions.leaveOthers(connection);
      if (!this.#closing) {
        this.#logServing(connection);
        void this.#probe(connection);
      }
      return await connection.ended;
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      connection.abort();
      return error;
    } finally {
      this.#subscriptions = undefined;
    }
  }

  get #wanted(): readonly string[] {
    return subscriptionsOf(this.#options.sources.filters, this.#options.group);
  }

  /** The sources were exchanged: subscribes to what they want now. */
  async #followSources(): Promise<void> {
    const { sources, log } = this.#options;
    if (this.#closing || this.#hasLeft) return;
    this.#sessions.serve(sources.filters);
    const connection = this.#connection;
    if (this.#subscriptions === undefined || connection === undefined) return;
    try {
      // Others must know of it before the broker does, and forget what is gone after it.
      await this.#sessions.start(connection.protocolVersion);
      await this.#subscriptions.want(this.#wanted);
      await this.#sessions.subscribed();
      await this.#sessions.leaveOthers(connection);
      log.info({ subscriptions: this.#wanted }, 'subscribed to what the sources want now');
    } catch {
      // The next connection subscribes to it.
      connection.abort();
    }
  }

  /**
   * Once for each worker: a broker that grants shared subscriptions and delivers nothing would look like
   * silence.
   */
  async #probe(connection: BrokerConnection): Promise<void> {
    if (this.#probed || !this.#wanted.some(isShared)) return;
    this.#probed = true;
    const { url, group, log } = this.#options;
    const { protocolVersion } = connection;
    const result = await probeSharedSubscription({ ...this.#options, protocolVersion });
    if (result === 'unknown')
      log.debug('could not find out whether the broker delivers to shared subscriptions');
    if (result !== 'delivers nothing') return;
    this.#hopeless = new WorkerStopped(
      `${withoutPassword(url)} grants the shared subscription of group ${group} but delivers nothing to it; ` +
        'set HUMTEMP_MQTT_GROUP to nothing to subscribe without sharing, with a single worker',
    );
    connection.abort();
  }

  /** @throws WorkerStopped if trying again would not help, or would harm. */
  async #stopIfHopeless({ reasonCode }: ConnectionError): Promise<void> {
    const { url, clientId } = this.#options;
    const isSaid = reasonCode === SESSION_TAKEN_OVER && !this.#sessions.hasLapsed;
    if (isSaid || (await this.#sessions.isTakenOver()))
      this.#hopeless = new WorkerStopped(
        `another client took over the session ${clientId} at ${withoutPassword(url)}; ` +
          'give each worker a HUMTEMP_MQTT_CLIENT_ID of its own',
      );
    if (reasonCode === SHARED_SUBSCRIPTIONS_NOT_SUPPORTED)
      this.#hopeless = new WorkerStopped(
        `${withoutPassword(url)} has no shared subscriptions; ` +
          'set HUMTEMP_MQTT_GROUP to nothing to subscribe without sharing, with a single worker',
      );
    if (this.#hopeless === undefined) return;
    this.#notReady = this.#hopeless.message;
    throw this.#hopeless;
  }

  #logServing(connection: BrokerConnection): void {
    const { sessionPresent, protocolVersion } = connection;
    const { log } = this.#options;
    this.#notReady = undefined;
    this.#spoken = protocolVersion;
    this.counters.connections += 1;
    connection.watchBroker();
    log.info({ subscriptions: this.#wanted, protocolVersion, sessionPresent }, 'subscribed');
    this.#warnings.sessionExpiry(connection);
    if (sessionPresent) this.#backlog.resumed();
    if (sessionPresent || this.counters.connections === 1) return;
    this.counters.sessionsLost += 1;
    log.warn('the broker had lost our session: what waited there for us is gone');
  }

  get #weakReason(): string | undefined {
    const weak = this.#subscriptions?.weak ?? [];
    return weak.length === 0
      ? undefined
      : `it grants QoS 0 instead of 1 for ${weak.join(', ')}: what it delivers while we are away is lost`;
  }

  #logWeak(): void {
    const reason = this.#weakReason;
    if (reason !== undefined)
      this.#options.log.warn({ reason }, 'subscribed with less than we need; asking again');
    else this.#options.log.info('the broker grants QoS 1 now');
  }

  #logNotReady(reason: string, delayMs: number): void {
    if (this.#notReady !== reason)
      this.#options.log.warn(
        { reason, retryMs: Math.round(delayMs) },
        'no observations from the broker; retrying',
      );
    this.#notReady = reason;
  }

  async #wait(delayMs: number): Promise<void> {
    if (this.#closing) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

/** The version to try next at once, if this one is what the broker may not have liked. */
function otherVersion(
  version: ProtocolVersion,
  { reasonCode, silent }: ConnectionError,
  spoken: ProtocolVersion | undefined,
): ProtocolVersion | undefined {
  if (version !== 5) return undefined;
  if (UNSUPPORTED_PROTOCOL_VERSION.includes(reasonCode ?? 0)) return 4;
  // It may also be that nobody is behind a proxy, or that the broker was starting.
  return silent && spoken !== 5 ? 4 : undefined;
}

/**
 * For each subscription that matches, a broker may deliver a publish once [MQTT-3.3.5-1]. @throws RangeError
 */
function refuseOverlap(filters: readonly string[]): void {
  const overlap = overlapOf(filters);
  if (overlap === undefined) return;
  throw new RangeError(
    `${overlap.join(' and ')} overlap, and a broker may deliver one publish for each of them; ` +
      'leave one out, or choose filters that have no topic in common',
  );
}
