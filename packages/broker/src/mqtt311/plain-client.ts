import { BrokerClient } from '../client/broker-client.js';
import { PacketError } from '../client/packet-error.js';
import { readPublish } from '../client/publish-reader.js';
import { ReasonCode } from '../mqtt5/reason-code.js';
import { PLAIN_GRANTS } from '../subscribers/grant.js';
import { readPlainConnect } from './plain-connect.js';
import {
  connackFrame,
  FAILURE,
  readAck,
  readSubscribe,
  readUnsubscribe,
  subackFrame,
  unsubackFrame,
} from './plain-packets.js';

/** Type and flags of the packets that a client may send after its CONNECT, but for PUBLISH [MQTT-2.2.2-2]. */
const PUBACK = 0x40;
const PUBREC = 0x50;
const PUBREL = 0x62;
const PUBCOMP = 0x70;
const SUBSCRIBE = 0x82;
const UNSUBSCRIBE = 0xa2;
const PINGREQ = 0xc0;
const DISCONNECT = 0xe0;

const PUBLISH = 3;
const PINGRESP = Buffer.from([0xd0, 0]);
const ACCEPTED = 0;

/**
 * A client of MQTT 3.1.1 without a session and a will: what sensors and dashboards are. It takes a tenth of the memory of a
 * client of the MQTT library, and is through with a packet when the call returns that has brought it.
 */
export class PlainClient extends BrokerClient {
  readonly clean = true;
  readonly hasSession = true;

  ackFrame(header: number, packetId: number): Buffer {
    return Buffer.from([header, 2, packetId >> 8, packetId & 0xff]);
  }

  /** MQTT 3.1.1 has no word for it. */
  end(): boolean {
    return false;
  }

  close(done?: () => void): void {
    // Before whoever has come in its place has arrived, who must not find what it has left.
    this.leave();
    this.connection.tap.destroy();
    done?.();
  }

  shutDown(): void {
    this.close();
  }

  leave(): void {
    const { hub } = this;
    this.stop();
    hub.registry.remove(this);
    hub.sessions.leave(this);
  }

  protected async enter(frame: Buffer): Promise<void> {
    const { connection, hub } = this;
    const packet = readPlainConnect(frame)!;
    const { username, password } = packet;
    hub.admission.examine(connection, packet);
    const refusal = await hub.admission.admit(connection, username, password as Buffer | undefined);
    if (connection.tap.destroyed) return;
    if (refusal !== undefined) {
      connection.warn('connection ended', refusal.message);
      this.stop();
      connection.endWith(connackFrame(refusal.returnCode));
      return;
    }
    this.id = packet.clientId;
    await hub.registry.takeOver(this);
    if (connection.tap.destroyed) hub.registry.remove(this);
    else this.#open();
  }

  #open(): void {
    const { connection, hub, id } = this;
    hub.slowLane.endSession(id);
    hub.sessions.end(id);
    hub.wills.arrive(id, true);
    hub.sessions.arrive(this);
    this.state = 'open';
    connection.tap.write(connackFrame(ACCEPTED));
    connection.open();
  }

  protected handle(frame: Buffer): void {
    const header = frame[0]!;
    if (header >> 4 === PUBLISH) this.#receive(frame);
    else if (header === PUBREL) this.incoming.release(readAck(frame));
    else if (header === SUBSCRIBE) this.#subscribe(frame);
    else if (header === UNSUBSCRIBE) this.#unsubscribe(frame);
    // Nothing is kept that was sent to it: it may go on with any.
    else if (header === PUBREC) this.write(this.ackFrame(PUBREL, readAck(frame)));
    else if (header === PUBACK || header === PUBCOMP) readAck(frame);
    else if (header === PINGREQ && frame.length === 2) this.write(PINGRESP);
    else if (header === DISCONNECT && frame.length === 2) this.connection.tap.destroy();
    else
      throw new PacketError(
        ReasonCode.protocolError,
        `the byte 0x${header.toString(16)} where a packet begins, which none of a client has [MQTT-2.2.2]`,
      );
  }

  #receive(frame: Buffer): void {
    const read = readPublish(frame, 4);
    this.incoming.take(read.topic, read);
  }

  #subscribe(frame: Buffer): void {
    const { connection, hub } = this;
    this.checkFilterCount(frame);
    const { packetId, subscriptions } = readSubscribe(frame, hub.limits.topicLevelsMax);
    const granted: string[] = [];
    const codes = subscriptions.map(({ filter, qos }) => {
      if (hub.deliveries.grant(connection, filter, PLAIN_GRANTS[qos]) !== undefined) return FAILURE;
      granted.push(filter);
      return qos;
    });
    this.write(subackFrame(packetId, codes));
    if (granted.length > 0) void hub.deliveries.sendRetained(connection, granted);
  }

  #unsubscribe(frame: Buffer): void {
    const { connection, hub } = this;
    this.checkFilterCount(frame);
    const { packetId, filters } = readUnsubscribe(frame, hub.limits.topicLevelsMax);
    hub.deliveries.unsubscribeSoon(connection, filters);
    this.write(unsubackFrame(packetId));
  }
}
