import { AckCode, ackFrame } from '@humtemp/intake';
import type { IDisconnectPacket } from 'mqtt-packet';
import { BrokerClient } from '../client/broker-client.js';
import { PacketError } from '../client/packet-error.js';
import { readPublish } from '../client/publish-reader.js';
import type { Refusal } from '../engine/engine-client.js';
import type { Session } from '../sessions/session.js';
import { sharedFilterOf } from '../subscribers/shared-group.js';
import { ClientWill } from './client-will.js';
import { type Connect5, readConnect, secondsOf } from './connect-reader.js';
import { connackFrame, disconnectFrame, parsePacket } from './packets.js';
import { ReasonCode } from './reason-code.js';
import { subscribe, unsubscribe } from './subscribing.js';
import { TOPIC_ALIAS_MAX, TopicAliases } from './topic-aliases.js';

/** Publishes at QoS 1 and 2 that a client may send before it has an answer: our Receive Maximum. */
export const RECEIVE_MAX = 1000;

const PUBLISH = 3;
const SUBSCRIBE = 8;
const UNSUBSCRIBE = 10;
const PUBREL = 0x62;
const PINGRESP = Buffer.from([0xd0, 0]);
const TAKEN_OVER = [ReasonCode.takenOver, 'another client came with this client id'] as const;

/** A client that speaks MQTT 5. */
export class Mqtt5Client extends BrokerClient {
  /** It has a session, as long as its expiry interval says: with 0 the session ends with the connection. */
  readonly clean = false;
  #connect: Omit<Connect5, 'packet' | 'will'> | undefined;
  #session: Session | undefined;
  #aliases: TopicAliases | undefined;
  #will: ClientWill | undefined;

  /** Once it is accepted. */
  get session(): Session {
    return this.#session!;
  }

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

  ackFrame(header: number, packetId: number, code: number, text?: string): Buffer {
    return ackFrame(header, packetId, code, text, this.#ackBytesMax);
  }

  /** A longer acknowledgement goes without its reason in words; 0: it wants none. */
  get #ackBytesMax(): number {
    return this.#connect?.wantsReasons === false ? 0 : this.packetBytesMax;
  }

  /** Says why, and ends the connection [MQTT-4.13]. @returns false if it was not open. */
  end(code: number, reason: string): boolean {
    if (this.state !== 'open') return false;
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

  protected async enter(frame: Buffer): Promise<void> {
    const { connection, hub } = this;
    let connect: Connect5;
    try {
      connect = readConnect(frame);
    } catch (error) {
      if (!(error instanceof PacketError)) throw error;
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
    this.state = 'open';
    this.write(connack);
    this.#lookAtSubscriptions();
    sessions.resume(this, connection);
    connection.tap.speak5(this.#ackBytesMax, () => RECEIVE_MAX - this.#inFlight);
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

  /** Publishes at QoS 1 and 2 that came here and are not acknowledged, or not released (3.3.4). */
  get #inFlight(): number {
    return this.unacknowledged + this.session.receivedCount;
  }

  protected handle(frame: Buffer): void {
    const type = frame[0]! >> 4;
    if (type === PUBLISH) this.#receive(frame);
    else {
      if (type === SUBSCRIBE || type === UNSUBSCRIBE) this.checkFilterCount(frame);
      this.#handle(frame);
    }
  }

  #receive(frame: Buffer): void {
    const read = readPublish(frame, 5);
    const { connection } = this;
    this.#aliases ??= new TopicAliases(connection.hub.budgets.connects, connection.owner);
    const topic = this.#aliases.resolve(read.topic, read.topicAlias);
    if (read.qos > 0 && this.#inFlight >= RECEIVE_MAX)
      throw new PacketError(
        ReasonCode.receiveMaximumExceeded,
        `more than ${RECEIVE_MAX} publishes in flight`,
      );
    this.incoming.take(topic, read);
  }

  #handle(frame: Buffer): void {
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
        this.#sent(messageId, packet.reasonCode ?? ReasonCode.success);
        break;
      case 'pubrel':
        this.incoming.release(messageId);
        break;
      case 'pingreq':
        this.write(PINGRESP);
        break;
      case 'disconnect':
        this.#disconnected(packet);
        break;
      default:
        throw new PacketError(ReasonCode.protocolError, `the packet ${packet.cmd}, which may not come now`);
    }
  }

  /** [MQTT-4.3.3-4] */
  #sent(packetId: number, code: number): void {
    const { sessions } = this.hub;
    if (code >= ReasonCode.unspecified) sessions.acknowledge(this, packetId);
    else {
      const isKnown = sessions.releaseOutgoing(this, packetId);
      this.write(this.ackFrame(PUBREL, packetId, isKnown ? AckCode.success : AckCode.packetIdNotFound));
    }
  }

  #disconnected({ reasonCode = 0, properties }: IDisconnectPacket): void {
    const expiry = properties?.sessionExpiryInterval;
    if (expiry !== undefined) {
      // [MQTT-3.14.2-2]
      if (expiry > 0 && this.#connect!.expiryS === 0)
        throw new PacketError(
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
    this.stop();
    const connack = connackFrame(code, false, { reasonString: reason }, this.packetBytesMax);
    if (connack === undefined) this.connection.tap.destroy();
    else this.connection.endWith(connack);
  }

  leave(): void {
    const wasOpen = this.state === 'open';
    this.stop();
    if (!wasOpen) return;
    const { hub, session } = this;
    const { expiryMs } = session;
    this.#aliases?.clear();
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
