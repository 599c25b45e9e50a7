import { type Intake, PayloadSlice, PublishTap, type SourceTable } from '@humtemp/intake';
import { type IConnackPacket, MqttClient } from 'mqtt';
import { credentialsOf, openTransport, type TransportOptions } from './transport.js';

export type ProtocolVersion = 4 | 5;

export interface ConnectionOptions extends TransportOptions {
  readonly clientId: string;
  readonly sources: SourceTable;
  readonly intake: Intake;
  readonly sessionExpiryS: number;
  /** Publishes that the broker may have in flight to us. */
  readonly receiveMaximum: number;
  readonly frameBytesMax: number;
  readonly keepAliveS: number;
  /** How long the broker may take to answer a subscription. */
  readonly answerTimeoutMs?: number;
  /** Called at each round of acknowledgements: how many publishes awaited theirs when it began. */
  readonly onAcknowledge: (unacknowledged: number) => void;
  /** Called with the total of publishes that the broker says it has dropped. */
  readonly onDropped: (total: number) => void;
  /**
   * Asked what becomes of a publish on a topic of no filter, which an earlier subscription of the session
   * brings: once acknowledged it is gone; kept, it waits in the session for another connection.
   */
  readonly onUnknownTopic: (topic: string) => 'acknowledge' | 'keep';
}

/** Why a connection could not be made, or ended. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';

  constructor(
    message: string,
    /** The reason code of a CONNACK, SUBACK or DISCONNECT, if there was one. */
    readonly reasonCode?: number,
    /** The other side closed, without saying why, before it accepted us. */
    readonly silent = false,
  ) {
    super(message);
  }
}

/** Reason codes of MQTT 5 (§2.4), and the return code of 3.1.1 for the same. */
export const UNSUPPORTED_PROTOCOL_VERSION: readonly number[] = [132, 1];
export const SESSION_TAKEN_OVER = 142;
export const SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 158;

/** Where Mosquitto publishes how many publishes it has dropped, and who it is. */
const DROPPED_TOPIC = '$SYS/broker/publish/messages/dropped';
const VERSION_TOPIC = '$SYS/broker/version';
const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 10_000;
/** Reason codes from here on are refusals (MQTT 5, 2.4); so is the one of 3.1.1 [MQTT-3.9.3-2]. */
const REFUSED = 128;
/** Time for the broker to take our DISCONNECT: one that is frozen would keep us for ever. */
const DISCONNECT_TIMEOUT_MS = 2000;

/**
 * One connection to an external broker, from CONNECT to its end: mqtt.js for the protocol, and the publish
 * tap in front of it for the observations. It never reconnects; that is for its owner.
 */
export class BrokerConnection {
  readonly #client: MqttClient;
  readonly #tap: () => PublishTap;
  readonly #accepted: Promise<IConnackPacket>;
  #hasShared = true;
  /** Resolves with the reason once the connection has ended. */
  readonly ended: Promise<ConnectionError>;
  sessionPresent = false;
  /**
   * How long the broker keeps our session once we are gone, seconds; undefined: it did not say, as none does
   * in 3.1.1.
   */
  sessionExpiryS: number | undefined;
  /** What the broker calls itself, if it does. */
  brokerName: string | undefined;

  constructor(
    readonly options: ConnectionOptions,
    readonly protocolVersion: ProtocolVersion,
  ) {
    const { url, clientId, sources, intake, sessionExpiryS, receiveMaximum, frameBytesMax, keepAliveS } =
      options;
    const { onAcknowledge } = options;
    let tap: PublishTap;
    this.#tap = () => tap;
    this.#client = new MqttClient(
      () => {
        const transport = openTransport(options);
        tap = new PublishTap(transport, {
          protocolVersion,
          sources,
          intake,
          frameBytesMax,
          takeRetained: true,
          skipTooLong: true,
          onAcknowledge,
        });
        return tap;
      },
      {
        clientId,
        clean: false,
        protocolVersion,
        protocolId: 'MQTT',
        ...credentialsOf(url),
        keepalive: keepAliveS,
        reconnectPeriod: 0,
        connectTimeout: CONNECT_TIMEOUT_MS,
        resubscribe: false,
        ...(protocolVersion === 5 && {
          properties: { sessionExpiryInterval: sessionExpiryS, receiveMaximum },
        }),
      },
    );
    // What the tap leaves: QoS 2, which our subscriptions do not ask for.
    this.#client.handleMessage = (packet, acknowledge) => {
      const topic = packet.topic;
      if (topic === DROPPED_TOPIC) options.onDropped(Number(packet.payload.toString()));
      if (topic === VERSION_TOPIC) this.brokerName = packet.payload.toString().slice(0, 100);
      if (topic === DROPPED_TOPIC || topic === VERSION_TOPIC) return acknowledge();
      const source = sources.find(topic);
      if (source === undefined) intake.unmatched.add(topic);
      if (source === undefined)
        // With an error, mqtt.js goes on to the next packet and sends no acknowledgement.
        return options.onUnknownTopic(topic) === 'keep' ? acknowledge(new Error('kept')) : acknowledge();
      const payload = PayloadSlice.of(Buffer.from(packet.payload));
      intake.take(source, sources.match, { topic, payload, isReplayed: packet.retain });
      intake.afterSettled(() => acknowledge(), intake.receipt);
    };
    // From the beginning: it may be over before anybody asks.
    this.#accepted = new Promise((resolve) => this.#client.once('connect', resolve));
    this.ended = this.#whenEnded();
  }

  /** Publishes taken and not yet acknowledged. */
  get unacknowledged(): number {
    return this.#tap().unacknowledged;
  }

  /** Publishes taken since the connection began. */
  get taken(): number {
    return this.#tap().taken;
  }

  /** Resolves once the broker has accepted us. @throws ConnectionError otherwise. */
  async open(): Promise<void> {
    const connack = await this.#unlessEnded(this.#accepted);
    this.sessionPresent = connack.sessionPresent;
    const { sharedSubscriptionAvailable, sessionExpiryInterval } = connack.properties ?? {};
    this.#hasShared = sharedSubscriptionAvailable !== false;
    // What it does not mention is as we asked (MQTT 5, 3.2.2.3.2).
    if (this.protocolVersion === 5)
      this.sessionExpiryS = sessionExpiryInterval ?? this.options.sessionExpiryS;
  }

  /**
   * Subscribes to filters, shared or not, at QoS 1.
   * @returns those that the broker granted with less.
   * @throws ConnectionError if it refuses one, or does not answer in time.
   */
  async subscribe(filters: readonly string[]): Promise<readonly string[]> {
    if (!this.#hasShared && filters.some(isShared))
      throw new ConnectionError('the broker has no shared subscriptions', SHARED_SUBSCRIPTIONS_NOT_SUPPORTED);
    const topics = Object.fromEntries(
      // Retained publishes at the first subscription of a session only (MQTT 5, 3.8.3.1); 3.1.1 cannot say
      // so.
      filters.map((filter) => [filter, { qos: 1 as const, ...(this.protocolVersion === 5 && { rh: 1 }) }]),
    );
    const granted = await this.#inTime(
      'subscription',
      this.#client.subscribeAsync(topics).catch((error: Error & { code?: number }) => {
        throw new ConnectionError(refusal(filters, error.message), error.code);
      }),
    );
    const refused = granted.find(({ qos }) => (qos as number) >= REFUSED);
    if (refused !== undefined)
      throw new ConnectionError(
        refusal([refused.topic], `reason code ${refused.qos}`),
        refused.qos as number,
      );
    return granted.filter(({ qos }) => qos < 1).map(({ topic }) => topic);
  }

  /** Subscribes to what the broker publishes of itself. One without these topics is no worse than before. */
  watchBroker(): void {
    for (const topic of [DROPPED_TOPIC, VERSION_TOPIC])
      this.#client.subscribeAsync(topic, { qos: 0 }).catch(() => {});
  }

  /**
   * Ends subscriptions of the session, whoever made them. @throws ConnectionError if the broker does not
   * answer.
   */
  async unsubscribe(filters: readonly string[]): Promise<void> {
    await this.#inTime('unsubscription', this.#client.unsubscribeAsync([...filters]));
  }

  /** Publishes at QoS 0, if connected. */
  publish(topic: string, payload: Uint8Array): void {
    if (this.#client.connected) this.#client.publish(topic, Buffer.from(payload), { qos: 0 });
  }

  /** Takes no more publishes; those taken are still acknowledged. */
  stopReading(): void {
    this.#tap().stopReading();
  }

  /**
   * Disconnects; the session stays at the broker. Takes as long as the broker is given for our DISCONNECT, at
   * most.
   */
  async close(): Promise<void> {
    if (this.#client.connected) this.#disconnect();
    else this.abort();
    const timer = setTimeout(() => this.abort(), DISCONNECT_TIMEOUT_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** Breaks the connection off. */
  abort(): void {
    this.#client.end(true);
    this.#tap().destroy();
  }

  /** @throws ConnectionError once the connection has ended: mqtt.js may never call back then. */
  #unlessEnded<T>(answer: Promise<T>): Promise<T> {
    const ended = this.ended.then(async (error) => {
      // What mqtt.js has to say of the answer says more than that the connection has ended, and comes a
      // little later.
      await new Promise(setImmediate);
      throw error;
    });
    return Promise.race([answer, ended]);
  }

  /** @throws ConnectionError if the broker takes too long to answer: silence is no consent. */
  async #inTime<T>(what: string, answer: Promise<T>): Promise<T> {
    const { answerTimeoutMs = ANSWER_TIMEOUT_MS } = this.options;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const seconds = answerTimeoutMs / 1000;
        reject(new ConnectionError(`the broker did not answer our ${what} within ${seconds} s`));
      }, answerTimeoutMs);
    });
    try {
      return await Promise.race([this.#unlessEnded(answer), timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * mqtt.js holds its DISCONNECT back until everything it has sent is answered, and we may not be reading any
   * more. If the connection ends meanwhile, it never calls back, so that only `ended` may be waited for.
   */
  #disconnect(): void {
    for (const id of Object.keys(this.#client.outgoing)) this.#client.removeOutgoingMessage(Number(id));
    this.#client.end();
  }

  #whenEnded(): Promise<ConnectionError> {
    return new Promise((resolve) => {
      let cause: ConnectionError | undefined;
      let connected = false;
      this.#client.on('connect', () => {
        connected = true;
      });
      this.#client.on('error', (error: Error & { code?: number | string }) => {
        const code = typeof error.code === 'number' ? error.code : undefined;
        cause ??= new ConnectionError(error.message || String(error.code), code);
      });
      this.#client.on('disconnect', ({ reasonCode }) => {
        cause ??= new ConnectionError(`the broker disconnected us, reason code ${reasonCode}`, reasonCode);
      });
      // mqtt.js does not report errors of a stream that have no code, as those of the tap.
      this.#tap().on('error', (error) => {
        cause ??= new ConnectionError(error.message);
      });
      this.#client.once('close', () => {
        this.#client.end(true);
        resolve(cause ?? new ConnectionError('the connection was closed', undefined, !connected));
      });
    });
  }
}

export function isShared(filter: string): boolean {
  return filter.startsWith('$share/');
}

function refusal(filters: readonly string[], reason: string): string {
  const wayOut = filters.some(isShared)
    ? '; a broker without shared subscriptions needs HUMTEMP_MQTT_GROUP set to nothing, and a single worker'
    : '';
  return `the broker refused the subscription to ${filters.join(', ')}: ${reason}${wayOut}`;
}
