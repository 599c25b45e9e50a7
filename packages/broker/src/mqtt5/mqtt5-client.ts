import { AckCode, ackFrame } from '@humtemp/intake';
import type { IDisconnectPacket } from 'mqtt-packet';
import type { Admission } from '../connection/admission.js';
import type { Connection } from '../connection/connection.js';
import type { EngineClient, Refusal } from '../engine/engine-client.js';
import type { SlowLane } from '../lanes/slow-lane.js';
import type { Session } from '../sessions/session.js';
import type { Sessions } from '../sessions/sessions.js';
import type { Deliveries, Handed } from '../subscribers/deliveries.js';
import { sharedFilterOf } from '../subscribers/shared-group.js';
import type { ClientRegistry } from './client-registry.js';
import { ClientWill } from './client-will.js';
import { type Connect5, readConnect, secondsOf } from './connect-reader.js';
import type { DelayedWills } from './delayed-wills.js';
import { FrameReader } from './frame-reader.js';
import { IncomingPublishes, RECEIVE_MAX } from './incoming-publishes.js';
import { connackFrame, disconnectFrame, parsePacket } from './packets.js';
import { Mqtt5Error, ReasonCode } from './reason-code.js';
import { subscribe, unsubscribe } from './subscribing.js';
import { TOPIC_ALIAS_MAX } from './topic-aliases.js';

/** What all clients that speak MQTT 5 share. */
export interface Mqtt5Hub {
  readonly admission: Admission;
  readonly sessions: Sessions;
  readonly slowLane: SlowLane;
  readonly deliveries: Deliveries;
  readonly registry: ClientRegistry;
  readonly wills: DelayedWills;
  readonly limits: { readonly topicLevelsMax: number; readonly frameBytesMax: number };
}

const PUBLISH = 3;
const PUBREL = 0x62;
const PINGRESP = Buffer.from([0xd0, 0]);
const TAKEN_OVER = [ReasonCode.takenOver, 'another client came with this client id'] as const;

/**
 * A client that speaks MQTT 5, behind its tap: what the MQTT library is for 3.1.1. It reads packets, answers them and keeps
 * the handshakes; who may do what, what is kept and who gets it is said by the same parts for both.
 *
 *     connecting ──CONNECT, accepted──▶ open ──DISCONNECT of either side, or the connection ends──▶ over
 *          └───────────refused: CONNACK with the reason───────────────────────────────────────────▶ over
 */
export class Mqtt5Client implements EngineClient {
  id = '';
  /** It has a session, as long as its expiry interval says: with 0 the session ends with the connection. */
  readonly clean = false;
  #state: 'connecting' | 'open' | 'over' = 'connecting';
  readonly #reader = new FrameReader();
  #connect: Omit<Connect5, 'packet' | 'will'> | undefined;
  #session: Session | undefined;
  #incoming: IncomingPublishes | undefined;
  #will: ClientWill | undefined;

  constructor(
    readonly connection: Connection,
    readonly hub: Mqtt5Hub,
  ) {
    const { tap } = connection;
    tap.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** Once it is accepted. */
  get session(): Session {
    return this.#session!;
  }

  /** Whether its session is still the one that it came with. */
  get hasSession(): boolean {
    return this.hub.sessions.of(this.id) === this.#session;
  }

  /** Publishes at QoS 1 and 2 that it takes before it has acknowledged one. */
  get receiveMax(): number {
    return this.#connect?.receiveMax ?? 0;
  }

  get packetBytesMax(): number {
    return this.#connect?.packetBytesMax ?? Number.POSITIVE_INFINITY;
  }

  /** A longer acknowledgement goes without its reason in words; 0: it wants none. */
  get ackBytesMax(): number {
    return this.#connect?.wantsReasons === false ? 0 : this.packetBytesMax;
  }

  write(frames: Buffer): void {
    if (this.#state !== 'over') this.connection.tap.write(frames);
  }

  acknowledge(header: number, packetId: number, code: number): void {
    this.write(ackFrame(header, packetId, code, undefined, 0));
  }

  /** Hands a publish of its own to subscribers. */
  publish(
    publish: Pick<Handed, 'topic' | 'payload' | 'qos' | 'retain' | 'properties'>,
    done?: () => void,
  ): void {
    const { connection, id } = this;
    const { topic, payload, qos, retain, properties } = publish;
    const { owner } = connection;
    this.hub.deliveries.publish(
      { topic, payload, qos, retain, properties, owner, publisher: connection, from: id },
      done,
    );
  }

  /** There may be room for more of what it sends. */
  readOn(): void {
    const { tap } = this.connection;
    if (tap.isPaused() && this.#incoming?.isFull !== true) tap.resume();
  }

  /** Says why, and ends the connection [MQTT-4.13]. @returns false if it was not open. */
  end(code: number, reason: string): boolean {
    if (this.#state !== 'open') return false;
    this.leave();
    this.connection.endWith(disconnectFrame(code, reason, this.packetBytesMax));
    return true;
  }

  shutDown(): void {
    this.#will = undefined;
    this.end(ReasonCode.shuttingDown, 'the broker shuts down');
  }

  close(done?: () => void): void {
    this.end(...TAKEN_OVER);
    done?.();
  }

  #take(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.take(chunk)) {
        if (this.#state === 'over') return;
        if (this.#connect === undefined) this.#enter(frame).catch((error) => this.#fail(error));
        else this.#handle(frame);
      }
      if (this.#incoming?.isFull) this.connection.tap.pause();
    } catch (error) {
      if (error instanceof Mqtt5Error) {
        this.connection.warn('connection ended', error.message);
        this.end(error.code, error.message);
        return;
      }
      this.#fail(error);
    }
  }

  /** A fault of ours, which the bytes of one client bring to light, is not to end all others. */
  #fail(error: unknown): void {
    const { connection } = this;
    connection.warn('connection ended by a fault of the broker', (error as Error).stack ?? String(error));
    if (!this.end(ReasonCode.unspecified, 'a fault of the broker')) connection.tap.destroy();
  }

  /** Answers the CONNECT. */
  async #enter(frame: Buffer): Promise<void> {
    const { connection, hub } = this;
    let connect: Connect5;
    try {
      connect = readConnect(frame);
    } catch (error) {
      if (!(error instanceof Mqtt5Error)) throw error;
      this.#refuse(error.code, error.message);
      return;
    }
    const { packet, will, expiryS, receiveMax, packetBytesMax, wantsReasons } = connect;
    // Not what is needed only now.
    this.#connect = { expiryS, receiveMax, packetBytesMax, wantsReasons };
    const { clientId, keepalive = 0, clean = true, username, password } = packet;
    hub.admission.examine(connection, packet);
    connection.connectBytes += will?.properties?.passed.length ?? 0;
    const refusal = await hub.admission.admit(connection, username, password as Buffer | undefined);
    if (connection.tap.destroyed) return;
    if (refusal !== undefined) {
      this.#refuse(codeOf(refusal), refusal.message);
      return;
    }
    this.id = packet.clientId;
    await hub.registry.takeOver(this);
    if (connection.tap.destroyed) hub.registry.remove(this);
    else this.#open(connect, clean, clientId === '', keepalive);
  }

  #open(connect: Connect5, isCleanStart: boolean, isAssigned: boolean, keepAliveS: number): void {
    const { connection, hub, id } = this;
    const { sessions, slowLane, wills } = hub;
    const { packet, expiryS, will, packetBytesMax } = connect;
    const isPresent = !isCleanStart && sessions.has(id);
    const properties = {
      receiveMaximum: RECEIVE_MAX,
      maximumPacketSize: hub.limits.frameBytesMax,
      topicAliasMaximum: TOPIC_ALIAS_MAX,
      ...(isAssigned && { assignedClientIdentifier: connection.clientId }),
      ...(connection.keepAliveMs !== keepAliveS * 1000 && { serverKeepAlive: connection.keepAliveMs / 1000 }),
    };
    const connack = connackFrame(ReasonCode.success, isPresent, properties, packetBytesMax);
    if (connack === undefined) {
      hub.registry.remove(this);
      this.#refuse(ReasonCode.implementationSpecific, 'it takes no packet that is as long as a CONNACK');
      return;
    }
    if (isCleanStart) {
      slowLane.endSession(id);
      sessions.end(id);
    }
    wills.arrive(id, !isPresent);
    this.#session = sessions.arrive5(this, expiryS * 1000);
    if (packet.will !== undefined) this.#will = new ClientWill(this, packet.will, will);
    this.#state = 'open';
    this.write(connack);
    this.#lookAtSubscriptions();
    sessions.resume(this, connection);
    connection.tap.speak5(this.ackBytesMax, () => RECEIVE_MAX - (this.#incoming?.inFlight ?? 0));
    connection.open();
  }

  /** The rules may have changed while it was away. */
  #lookAtSubscriptions(): void {
    const { connection, hub, session } = this;
    const refused = [...session.subscriptions.keys()].filter(
      (filter) => !connection.maySubscribe(sharedFilterOf(filter) ?? filter),
    );
    for (const filter of refused) connection.warn('subscription refused', 'not authorized', filter);
    hub.sessions.unsubscribe(this, refused);
  }

  #handle(frame: Buffer): void {
    if (frame[0]! >> 4 === PUBLISH) {
      this.#incoming ??= new IncomingPublishes(this);
      this.#incoming.take(frame);
      return;
    }
    const packet = parsePacket(frame);
    const { messageId = 0 } = packet;
    switch (packet.cmd) {
      case 'subscribe':
        subscribe(this, packet);
        break;
      case 'unsubscribe':
        unsubscribe(this, packet);
        break;
      case 'puback':
      case 'pubcomp':
        this.hub.sessions.acknowledge(this, messageId);
        break;
      case 'pubrec':
        this.#received(messageId, packet.reasonCode ?? ReasonCode.success);
        break;
      case 'pubrel':
        this.#incoming ??= new IncomingPublishes(this);
        this.#incoming.release(messageId);
        break;
      case 'pingreq':
        this.write(PINGRESP);
        break;
      case 'disconnect':
        this.#disconnected(packet);
        break;
      default:
        throw new Mqtt5Error(ReasonCode.protocolError, `the packet ${packet.cmd}, which may not come now`);
    }
  }

  /** [MQTT-4.3.3-4] */
  #received(packetId: number, code: number): void {
    const { sessions } = this.hub;
    if (code >= ReasonCode.unspecified) sessions.acknowledge(this, packetId);
    else {
      const isKnown = sessions.releaseOutgoing(this, packetId);
      this.acknowledge(PUBREL, packetId, isKnown ? AckCode.success : AckCode.packetIdNotFound);
    }
  }

  #disconnected({ reasonCode = 0, properties }: IDisconnectPacket): void {
    const expiry = properties?.sessionExpiryInterval;
    if (expiry !== undefined) {
      // [MQTT-3.14.2-2]
      if (expiry > 0 && this.#connect!.expiryS === 0)
        throw new Mqtt5Error(
          ReasonCode.protocolError,
          'a session that was to end with its connection is to stay',
        );
      this.session.expiryMs = secondsOf(expiry) * 1000;
    }
    // [MQTT-3.14.4-3]
    if (reasonCode === ReasonCode.success) this.#will = undefined;
    this.leave();
    this.connection.tap.destroy();
  }

  #refuse(code: number, reason: string): void {
    this.connection.warn('connection ended', reason);
    this.#state = 'over';
    const connack = connackFrame(code, false, { reasonString: reason }, this.packetBytesMax);
    if (connack === undefined) this.connection.tap.destroy();
    else this.connection.endWith(connack);
  }

  /** The connection is over. */
  leave(): void {
    const wasOpen = this.#state === 'open';
    this.#state = 'over';
    if (!wasOpen) return;
    const { hub, session } = this;
    const { expiryMs } = session;
    this.#reader.clear();
    this.#incoming?.end();
    hub.registry.remove(this);
    hub.sessions.leave(this);
    this.#will?.leave(expiryMs);
    this.#will = undefined;
  }
}

/** The reason code for what is refused in MQTT 3.1.1, too. */
function codeOf({ returnCode, code }: Refusal): number {
  if (code !== undefined) return code;
  return {
    2: ReasonCode.clientIdInvalid,
    3: ReasonCode.serverUnavailable,
    5: ReasonCode.badCredentials,
  }[returnCode];
}
