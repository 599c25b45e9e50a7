import { connect, type IClientPublishOptions, type MqttClient, UniqueMessageIdProvider } from 'mqtt';
import { StartError } from '../../start-error.js';
import { brokerAddress } from './broker-address.js';
import { isConnackRefusal, isHopeless } from './connection-failure.js';

/** Publishes not yet acknowledged at a time. */
const IN_FLIGHT_MAX = 1000;
const FIRST_CONNECTION_MS_MAX = 10_000;
const RECONNECT_DELAY_MS_MIN = 100;
const RECONNECT_DELAY_MS_MAX = 300;
const CONNACK_MS_MAX = 5000;
const KEEPALIVE_S = 20;
const CLOSE_MS_MAX = 5000;
/** Connections in a row that were accepted and then closed without one PUBACK. */
const FRUITLESS_CONNECTIONS_MAX = 50;

export interface ReliablePublisherOptions {
  /** mqtt://, mqtts://, ws:// or wss://, with user and password if the broker asks for them. */
  readonly url: string;
  readonly qos: 0 | 1;
  readonly inFlightMax?: number;
  readonly firstConnectionMsMax?: number;
  readonly fruitlessConnectionsMax?: number;
}

/**
 * sent = acknowledged + in flight of what reached a socket at all; what was sent again counts in `resent`
 * only.
 */
export interface PublisherCounters {
  /** Publishes written to a connection, each counted once. */
  readonly sent: number;
  /** Publishes whose PUBACK came; with QoS 0 none. */
  readonly acknowledged: number;
  /** Times a publish was written again on a new connection. */
  readonly resent: number;
  /** Publishes accepted and not acknowledged (QoS 0: not handed to the system), written or not. */
  readonly inFlight: number;
  /** Connections after the first. */
  readonly reconnections: number;
}

interface Pending {
  readonly topic: string;
  readonly payload: string;
  written: boolean;
}

interface Waiter {
  readonly done: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Publishes until acknowledged, over as many connections as it takes.
 *
 *     connecting ──CONNACK──▶ connected ──closed, error──▶ waiting ──100…300 ms──▶ connecting
 *     connecting ──closed, error──▶ waiting
 *     any ──refused, or never reached──▶ failed        any ──close()──▶ closed
 *
 * connected: everything pending has been written to this connection, in the order in which it was published.
 * A publish is pending until the PUBACK of the present connection; what an earlier connection still says is
 * ignored.
 *
 * Each connection is a new mqtt.js client with a clean session, so neither message ids nor callbacks of one
 * reach into the next. mqtt.js' own resending is not used: it sends one packet per round trip, says "connect"
 * only after the last of them, and its message ids are not checked against those still in use.
 */
export class ReliablePublisher {
  /** The broker, as messages may show it. */
  readonly name: string;
  readonly #connection: ReturnType<typeof brokerAddress>['connection'];
  readonly #publishOptions: IClientPublishOptions;
  readonly #inFlightMax: number;
  readonly #fruitlessConnectionsMax: number;
  readonly #firstConnectionTimer: NodeJS.Timeout;
  /** In the order of publishing: a Set keeps the order of insertion. */
  readonly #pending = new Set<Pending>();
  readonly #waiters = new Set<Waiter>();
  #client: MqttClient | undefined;
  #connected = false;
  #reconnectTimer: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #closed = false;
  #downReason: string | undefined = 'no answer';
  #connections = 0;
  #fruitlessConnections = 0;
  #acknowledgedHere = 0;
  #sent = 0;
  #acknowledged = 0;
  #resent = 0;

  /**
   * Starts connecting; `firstConnection` says how that went.
   * @throws RangeError for a URL that names no broker.
   */
  constructor(readonly options: ReliablePublisherOptions) {
    const address = brokerAddress(options.url);
    this.name = address.name;
    this.#connection = address.connection;
    this.#publishOptions = { qos: options.qos };
    this.#inFlightMax = options.inFlightMax ?? IN_FLIGHT_MAX;
    this.#fruitlessConnectionsMax = options.fruitlessConnectionsMax ?? FRUITLESS_CONNECTIONS_MAX;
    this.#firstConnectionTimer = setTimeout(
      () => this.#fail(`cannot reach ${this.name}: ${this.#downReason}; is humtemp start running?`),
      options.firstConnectionMsMax ?? FIRST_CONNECTION_MS_MAX,
    );
    this.#connect();
  }

  get counters(): PublisherCounters {
    return {
      sent: this.#sent,
      acknowledged: this.#acknowledged,
      resent: this.#resent,
      inFlight: this.#pending.size,
      reconnections: Math.max(0, this.#connections - 1),
    };
  }

  /** Why there is no connection at the moment; undefined when there is one. */
  get downReason(): string | undefined {
    return this.#downReason;
  }

  /** Whether `publish` may be called. */
  get hasRoom(): boolean {
    return this.#failure === undefined && !this.#closed && this.#pending.size < this.#inFlightMax;
  }

  /** Publishes now or as soon as there is a connection. Only while `hasRoom`. */
  publish(topic: string, payload: string): void {
    if (!this.hasRoom) throw new Error('publish without room');
    const pending: Pending = { topic, payload, written: false };
    this.#pending.add(pending);
    if (this.#connected) this.#write(this.#client!, pending);
  }

  /**
   * Resolves at the first connection, or when the signal aborts.
   * @throws StartError when the broker refuses us or was not reached in time.
   */
  firstConnection(signal?: AbortSignal): Promise<void> {
    return this.#until(() => this.#connections > 0, signal);
  }

  /**
   * Resolves when there is room, or when the signal aborts. Waits for a quarter of the window at a time, so
   * that publishes leave in groups.
   * @throws StartError when the broker refused us for good.
   */
  async room(signal?: AbortSignal): Promise<void> {
    const wakeAt = Math.floor(this.#inFlightMax * 0.75);
    if (!this.hasRoom) await this.#until(() => this.#pending.size <= wakeAt, signal);
  }

  /**
   * Resolves when nothing is in flight, or when the signal aborts.
   * @throws StartError when the broker refused us for good.
   */
  drained(signal?: AbortSignal): Promise<void> {
    return this.#until(() => this.#pending.size === 0, signal);
  }

  /** Disconnects. What is in flight stays unacknowledged. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#firstConnectionTimer);
    clearTimeout(this.#reconnectTimer);
    this.#wake();
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    // mqtt.js would wait for the acknowledgements of what is in flight, and a dead peer never closes its
    // side.
    const force = !this.#connected || this.#pending.size > 0;
    this.#connected = false;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        client.stream.destroy();
        resolve();
      }, CLOSE_MS_MAX);
      client.end(force, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #connect(): void {
    const client = connect({
      ...this.#connection,
      clientId: `humtemp-publisher-${process.pid}-${Math.random().toString(36).slice(2, 10)}`,
      clean: true,
      protocolVersion: 4,
      reconnectPeriod: 0,
      resubscribe: false,
      keepalive: KEEPALIVE_S,
      connectTimeout: CONNACK_MS_MAX,
      messageIdProvider: new UniqueMessageIdProvider(),
    });
    this.#client = client;
    client.on('connect', () => this.#established(client));
    client.on('error', (error) => this.#lost(client, error));
    client.on('close', () => this.#lost(client, new Error('connection closed')));
  }

  #established(client: MqttClient): void {
    if (client !== this.#client) return;
    this.#connected = true;
    this.#downReason = undefined;
    this.#connections += 1;
    this.#acknowledgedHere = 0;
    clearTimeout(this.#firstConnectionTimer);
    for (const pending of this.#pending) {
      this.#write(client, pending);
      if (client !== this.#client) return;
    }
    this.#wake();
  }

  #write(client: MqttClient, pending: Pending): void {
    if (pending.written) this.#resent += 1;
    else this.#sent += 1;
    pending.written = true;
    client.publish(pending.topic, pending.payload, this.#publishOptions, (error) =>
      this.#settle(client, pending, error),
    );
  }

  /** With QoS 1 mqtt.js calls back at the PUBACK, with QoS 0 when the socket has taken the bytes. */
  #settle(client: MqttClient, pending: Pending, error: Error | null | undefined): void {
    if (client !== this.#client) return;
    if (error) {
      this.#lost(client, error);
      return;
    }
    this.#pending.delete(pending);
    this.#acknowledgedHere += 1;
    if (this.options.qos === 1) this.#acknowledged += 1;
    this.#wake();
  }

  #lost(client: MqttClient, error: Error): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    client.end(true);
    const reason = reasonOf(error);
    this.#downReason = reason;
    if (this.#connected) {
      this.#connected = false;
      const fruitless = this.#acknowledgedHere === 0 && this.#pending.size > 0;
      this.#fruitlessConnections = fruitless ? this.#fruitlessConnections + 1 : 0;
    }
    const [oldest] = this.#pending;
    if (isConnackRefusal(error))
      this.#fail(
        `${this.name} refuses us: ${reason}; user and password belong into --url mqtt://USER:PASSWORD@HOST`,
      );
    else if (this.#connections === 0 && isHopeless(error))
      this.#fail(`cannot reach ${this.name}: ${reason}; is --url right?`);
    else if (oldest !== undefined && this.#fruitlessConnections >= this.#fruitlessConnectionsMax)
      this.#fail(
        `${this.name} closes every connection after a publish to ${oldest.topic}; may this user publish there?`,
      );
    else this.#reconnectLater();
  }

  #reconnectLater(): void {
    // The jitter keeps a fleet from coming back in step.
    const spreadMs = RECONNECT_DELAY_MS_MAX - RECONNECT_DELAY_MS_MIN;
    const delayMs = RECONNECT_DELAY_MS_MIN + Math.random() * spreadMs;
    this.#reconnectTimer = setTimeout(() => this.#connect(), delayMs);
  }

  #fail(message: string): void {
    this.#failure = new StartError(message);
    clearTimeout(this.#firstConnectionTimer);
    clearTimeout(this.#reconnectTimer);
    const client = this.#client;
    this.#client = undefined;
    this.#connected = false;
    client?.end(true);
    for (const waiter of this.#waiters) waiter.reject(this.#failure);
  }

  #wake(): void {
    for (const waiter of this.#waiters) if (this.#closed || waiter.done()) waiter.resolve();
  }

  #until(done: () => boolean, signal?: AbortSignal): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#closed || signal?.aborted || done()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener('abort', waiter.resolve);
      };
      const waiter: Waiter = {
        done,
        resolve: () => {
          leave();
          resolve();
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
      signal?.addEventListener('abort', waiter.resolve);
    });
  }
}

/**
 * The system's name of an error where it has one: an attempt over several addresses has no message of its
 * own.
 */
function reasonOf(error: Error): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : message.replace(/^Connection refused: /, '');
}
