import { createServer, type Server, type Socket } from 'node:net';

/** A publish as the broker got it. */
export interface ReceivedPublish {
  readonly connection: number;
  readonly topic: string;
  readonly payload: string;
  readonly acknowledged: boolean;
}

/** What a scripted broker does with a publish: acknowledge it, leave it at that, or cut the connection. */
export type PublishFate = 'acknowledge' | 'ignore' | 'cut';

/**
 * Just enough of an MQTT 3.1.1 broker to misbehave on purpose, which a real one does not do on request: it
 * decides the fate of every single publish.
 */
export class ScriptedBroker {
  readonly received: ReceivedPublish[] = [];
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** `fate` gets the number of the connection and of the publish on it, both from 1. */
  constructor(
    readonly fate: (connection: number, publish: number) => PublishFate,
    readonly connackCode = 0,
  ) {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as { port: number };
    return `mqtt://127.0.0.1:${port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Payloads that got their PUBACK, each once. */
  get acknowledged(): string[] {
    return [
      ...new Set(this.received.filter((publish) => publish.acknowledged).map(({ payload }) => payload)),
    ];
  }

  #serve(socket: Socket): void {
    this.connections += 1;
    const connection = this.connections;
    let publishes = 0;
    let unread = Buffer.alloc(0);
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      unread = Buffer.concat([unread, chunk]);
      for (let end = packetEnd(unread); end !== undefined && !socket.destroyed; end = packetEnd(unread)) {
        const packet = unread.subarray(0, end);
        unread = unread.subarray(end);
        const type = packet[0]! >> 4;
        if (type === 1) socket.write(Buffer.from([0x20, 2, 0, this.connackCode])); // CONNECT → CONNACK
        if (type === 12) socket.write(Buffer.from([0xd0, 0])); // PINGREQ → PINGRESP
        if (type !== 3) continue;
        publishes += 1;
        const fate = this.fate(connection, publishes);
        const body = packet.subarray(packet[1]! < 0x80 ? 2 : 3);
        const topicEnd = 2 + body.readUInt16BE(0);
        this.received.push({
          connection,
          topic: body.toString('utf8', 2, topicEnd),
          payload: body.toString('utf8', topicEnd + 2),
          acknowledged: fate === 'acknowledge',
        });
        if (fate === 'acknowledge')
          socket.write(Buffer.from([0x40, 2, body[topicEnd]!, body[topicEnd + 1]!])); // PUBACK
        else if (fate === 'cut') socket.destroy();
      }
    });
  }
}

/**
 * Where the first packet ends, if it is all there. Packets of these tests have lengths of one or two bytes.
 */
function packetEnd(bytes: Buffer): number | undefined {
  if (bytes.length < 2) return undefined;
  let end = 2 + (bytes[1]! & 0x7f);
  if (bytes[1]! >= 0x80) {
    if (bytes.length < 3) return undefined;
    end += 1 + (bytes[2]! << 7);
  }
  return bytes.length >= end ? end : undefined;
}
