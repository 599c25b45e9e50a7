import type { Duplex } from 'node:stream';
import { Aedes, type Client, type ConnectPacket, type PublishPacket, type Subscription } from 'aedes';
import type { Sessions } from '../sessions/sessions.js';
import { type Callback, clientInternalsOf, internalsOf } from './aedes-internals.js';
import type { EngineClient, Refusal } from './engine-client.js';
import { SessionsOfEngine } from './sessions-of-engine.js';

/**
 * All that aedes asks, in the order of a connection's life. aedes reads packets, answers them and keeps the handshakes of
 * QoS 2; who may do what, what is kept and who gets it is said by:
 *
 *     aedes                           asks
 *     preConnect                      examine
 *     authenticate                    admit
 *     registerClient                  takeOver, if another connection has the client id; giveWay
 *     'client', 'clientDisconnect'    arrive, leave
 *     'connackSent'                   open
 *     authorizeSubscribe              grant
 *     'subscribe'                     subscribed
 *     'unsubscribe'                   unsubscribed
 *     authorizePublish                receive
 *     publish                         publish
 *     persistence                     sessions
 *     'clientError'                   fail
 */
export interface EngineSeams {
  /** A CONNECT has come. It may be changed. */
  examine(client: EngineClient, packet: ConnectPacket): void;
  /** Whether the client is accepted. */
  admit(
    client: EngineClient,
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<Refusal | undefined>;
  /** A client is accepted whose id another connection has, which ends now [MQTT-3.1.4-2]. */
  takeOver(before: EngineClient, client: EngineClient): void;
  /** A client is accepted: whoever has its id and is not known here ends now. */
  giveWay(client: EngineClient): void;
  arrive(client: EngineClient): void;
  leave(client: EngineClient): void;
  /** The CONNACK is written. */
  open(client: EngineClient): void;
  /** Whether a subscription is granted, and remembers it. */
  grant(client: EngineClient, subscription: Subscription): boolean;
  /** The SUBACK is written: retained publishes may come. */
  subscribed(client: EngineClient, filters: readonly string[]): void;
  unsubscribed(client: EngineClient, filters: readonly string[]): void;
  /** A publish has come. It is acknowledged, and published, after the callback. */
  receive(client: EngineClient | null, packet: PublishPacket, isWill: boolean, callback: Callback): void;
  /** Hands a publish to subscribers. Calls back when it is on its way to all of them. */
  publish(packet: PublishPacket, client: EngineClient | null, done: () => void): void;
  /** A connection has ended in an error. */
  fail(client: EngineClient, error: Error): void;
  readonly sessions: Sessions;
}

export interface EngineOptions {
  readonly topicLevelsMax: number;
}

/** As long as a timer can take. The broker ends connections without a CONNECT by a clock of its own. */
const NEVER_MS = 2 ** 31 - 1;
const FAILURE = 0x80;

/** The MQTT library, and the only place where it is told whom to ask. */
export class AedesEngine {
  private constructor(readonly aedes: Aedes) {}

  static async start({ topicLevelsMax }: EngineOptions, seams: EngineSeams): Promise<AedesEngine> {
    const aedes = await Aedes.createBroker({
      connectTimeout: NEVER_MS,
      maxTopicLevels: topicLevelsMax,
      // CONNECT is examined here, before the client id is put together with the account.
      maxClientsIdLength: Number.MAX_SAFE_INTEGER,
      drainTimeout: 0,
      concurrency: 0,
      // It would end a connection whose publishes intake has counted.
      maxInflightInbound: 0,
      persistence: new SessionsOfEngine(seams.sessions),
    } as object);
    attach(aedes, seams);
    return new AedesEngine(aedes);
  }

  /** The client that has an id. */
  clientOf(id: string): EngineClient | undefined {
    return internalsOf(this.aedes).clients[id];
  }

  /** Makes a client of a connection that speaks MQTT 3.1 or 3.1.1. @param whenShort calls back when a client reads again that does not. */
  handle(connection: Duplex, whenShort: (callback: () => void) => void): EngineClient {
    const client = this.aedes.handle(connection);
    clientInternalsOf(client).waitForDrain = (callback) => whenShort(() => callback(null, client));
    return client;
  }

  /** Disconnects everybody, and publishes no will: it is not the clients that have gone. */
  async close(): Promise<void> {
    for (const client of Object.values(internalsOf(this.aedes).clients))
      clientInternalsOf(client!).will = null;
    await new Promise<void>((resolve) => this.aedes.close(() => resolve()));
  }
}

function attach(aedes: Aedes, seams: EngineSeams): void {
  const internals = internalsOf(aedes);
  // They are for several brokers with one persistence; after a jump of the clock it would publish the wills of its own.
  clearInterval(internals._clearWillInterval);
  clearInterval(internals._heartbeatInterval);

  aedes.preConnect = (client, packet, callback) => {
    seams.examine(client, packet);
    callback(null, true);
  };
  aedes.authenticate = (client, username, password, callback) => {
    seams.admit(client, username, password).then(
      (refusal) => callback((refusal ?? null) as never, refusal === undefined),
      (error: Error) => callback(Object.assign(error, { returnCode: 3 }) as never, false),
    );
  };
  const registerClient = internals.registerClient.bind(aedes);
  internals.registerClient = (client) => {
    const before = internals.clients[client.id];
    if (before !== undefined && before !== client) seams.takeOver(before, client);
    seams.giveWay(client);
    registerClient(client);
  };
  aedes.on('client', (client) => {
    // One may have come while another was ended.
    seams.giveWay(client);
    seams.arrive(client);
  });
  aedes.on('clientDisconnect', (client) => seams.leave(client));
  aedes.on('connackSent', ({ returnCode }, client) => {
    if (returnCode === 0) seams.open(client);
  });

  aedes.authorizeSubscribe = (client, subscription, callback) =>
    // null is answered with 0x80, failure [MQTT-3.9.3].
    callback(null, seams.grant(client!, subscription) ? subscription : null);
  internals.subscribe = (_filter, _deliver, done) => done();
  internals.unsubscribe = (_filter, _deliver, done) => done?.();
  aedes.on('subscribe', (subscriptions, client) =>
    seams.subscribed(
      client,
      subscriptions.filter(({ qos }) => (qos as number) !== FAILURE).map(({ topic }) => topic),
    ),
  );
  aedes.on('unsubscribe', (filters, client) => seams.unsubscribed(client, filters));

  aedes.authorizePublish = (client, packet, callback) =>
    seams.receive(client, packet, client !== null && clientInternalsOf(client).will === packet, callback);
  internals.publish = (packet, client, done) => {
    const callback = typeof client === 'function' ? client : done;
    // aedes' parser must be through with this packet before aedes gives it more.
    const later = () => void (callback && setImmediate(callback));
    // What aedes says of its clients is nobody's business.
    if (packet.topic.startsWith('$')) later();
    else seams.publish(packet, typeof client === 'function' ? null : client, later);
  };

  const fail = (client: Client, error: Error) => seams.fail(client, error);
  aedes.on('clientError', fail);
  aedes.on('connectionError', fail);
}
