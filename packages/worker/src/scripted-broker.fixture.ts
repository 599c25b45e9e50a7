import { createServer, type Server, type Socket } from 'node:net';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { listening } from './worker.fixture.js';

export interface Script {
  /** Properties of the CONNACK, of MQTT 5. */
  connack?: Record<string, number | boolean>;
  /** The codes of a SUBACK for a SUBSCRIBE; undefined: it is never answered. */
  suback?: (filters: readonly string[]) => number[] | undefined;
}

/** A broker that does as its script says, which may change while it runs. */
export class ScriptedBroker {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The filters of each SUBSCRIBE that was not for topics of the broker itself, and of each UNSUBSCRIBE. */
  readonly subscribed: string[][] = [];
  readonly unsubscribed: string[][] = [];
  acknowledged = 0;
  url = '';

  constructor(public script: Script) {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  async open(): Promise<this> {
    this.url = `mqtt://127.0.0.1:${await listening(this.#server)}`;
    return this;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Sends publishes with packet ids from 1 on to whoever is connected, in one piece. */
  publish(topic: string, payload: string, count: number, protocolVersion: 4 | 5): void {
    const frames = Array.from({ length: count }, (_, i) => {
      const packet = { cmd: 'publish', topic, payload, qos: 1, dup: false, retain: false } as const;
      return mqttPacket.generate({ ...packet, messageId: i + 1 }, { protocolVersion });
    });
    for (const socket of this.#sockets) socket.write(Buffer.concat(frames));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    const parser = mqttPacket.parser();
    let protocolVersion: 4 | 5 = 4;
    const send = (packet: Packet) => socket.write(mqttPacket.generate(packet, { protocolVersion }));
    parser.on('packet', (packet) => {
      if (packet.cmd === 'connect') {
        protocolVersion = packet.protocolVersion === 5 ? 5 : 4;
        const { connack: properties } = this.script;
        send({
          cmd: 'connack',
          sessionPresent: false,
          ...(protocolVersion === 5
            ? { reasonCode: 0, ...(properties && { properties }) }
            : { returnCode: 0 }),
        } as Packet);
      } else if (packet.cmd === 'subscribe') {
        const filters = packet.subscriptions.map(({ topic }) => topic);
        const isOfBroker = filters.every((filter) => filter.startsWith('$SYS'));
        if (!isOfBroker) this.subscribed.push(filters);
        const granted = isOfBroker ? filters.map(() => 0) : this.script.suback?.(filters);
        if (granted !== undefined) send({ cmd: 'suback', messageId: packet.messageId!, granted });
      } else if (packet.cmd === 'unsubscribe') {
        this.unsubscribed.push(packet.unsubscriptions);
        send({ cmd: 'unsuback', messageId: packet.messageId!, granted: packet.unsubscriptions.map(() => 0) });
      } else if (packet.cmd === 'puback') this.acknowledged += 1;
      else if (packet.cmd === 'pingreq') send({ cmd: 'pingresp' });
    });
    socket.on('data', (data) => parser.parse(data));
  }
}
