import { until } from '@humtemp/test-services';
import mqttPacket, { type IConnectPacket, type Packet } from 'mqtt-packet';
import type { Scene } from '../broker.fixture.js';

const VERSION = { protocolVersion: 5 } as const;

export function frame5(packet: Packet): Buffer {
  return mqttPacket.generate(packet, VERSION);
}

/** A client of MQTT 5 that sends what it is told, and acknowledges nothing by itself. */
export class RawClient {
  /** What has come, in order. */
  readonly packets: Packet[] = [];
  isClosed = false;

  private constructor(readonly write: (bytes: Buffer) => void) {}

  /** Connected and accepted. */
  static async open(
    scene: Scene,
    clientId: string,
    options: Partial<IConnectPacket> = {},
  ): Promise<RawClient> {
    const socket = await scene.socket();
    const client = new RawClient((bytes) => void socket.write(bytes));
    const parser = mqttPacket.parser(VERSION);
    parser.on('packet', (packet) => client.packets.push(packet));
    socket.on('data', (bytes) => parser.parse(bytes));
    socket.on('close', () => {
      client.isClosed = true;
    });
    const connect = { cmd: 'connect', protocolId: 'MQTT', clean: true, keepalive: 60 } as const;
    client.send({ ...connect, protocolVersion: 5, clientId, ...options });
    await client.next('connack');
    return client;
  }

  send(packet: Packet): void {
    this.write(frame5(packet));
  }

  publish(topic: string, payload: string, more: object = {}): void {
    this.send({ cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false, ...more });
  }

  async subscribe(topic: string, more: object = {}, properties: object = {}): Promise<number> {
    const subscription = { topic, qos: 2 as const, ...more };
    this.send({ cmd: 'subscribe', messageId: 9, subscriptions: [subscription], properties });
    const { granted } = await this.next('suback');
    return granted[0] as number;
  }

  /** The next packet of a kind, taken out of those that have come. */
  async next<Kind extends Packet['cmd']>(cmd: Kind): Promise<Extract<Packet, { cmd: Kind }>> {
    const at = () => this.packets.findIndex((packet) => packet.cmd === cmd);
    await until(() => at() !== -1);
    return this.packets.splice(at(), 1)[0] as Extract<Packet, { cmd: Kind }>;
  }

  /** What has come before the answer to a ping. */
  async settled(): Promise<Packet[]> {
    this.send({ cmd: 'pingreq' });
    await this.next('pingresp');
    return this.packets.splice(0);
  }
}
