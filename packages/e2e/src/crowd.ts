import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import mqttPacket, { type Packet } from 'mqtt-packet';

const run = promisify(execFile);
const PROTOCOL = { protocolVersion: 4 as const, protocolId: 'MQTT' as const };
/** Connections opened at a time: the queue of those not accepted yet is short. */
const OPENED_AT_A_TIME = 100;

/** Everybody who connects to a broker and does not publish, in ways that cost it something. */
export class Crowd {
  readonly #sockets: Socket[] = [];
  readonly #idle: Socket[] = [];

  constructor(readonly port: number) {}

  /** Idle clients that are still connected. */
  get idle(): number {
    return this.#idle.filter((socket) => !socket.destroyed).length;
  }

  /** Clients that are accepted and then say nothing. */
  idleClients(count: number): Promise<void> {
    return this.#each(count, async (i) => {
      const socket = await this.#connect();
      const accepted = once(socket, 'data');
      socket.write(connectFrame(`idle-${i}`));
      await accepted;
      // Reads, so that it sees the end.
      socket.resume();
      this.#idle.push(socket);
    });
  }

  /** Connections that send these bytes, and then nothing. */
  unfinished(count: number, bytes: Uint8Array): Promise<void> {
    return this.#each(count, async () => {
      const socket = await this.#connect();
      socket.write(bytes);
    });
  }

  /** Who takes this for a web server. */
  async browser(): Promise<void> {
    const socket = await this.#connect();
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  }

  /** Who takes this for a TLS listener. */
  tlsClient(): void {
    const socket = connectTls({ port: this.port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.on('error', () => {});
    this.#sockets.push(socket);
  }

  /** A subscriber that reads its SUBACK and nothing else ever. */
  async deafSubscriber(topic: string, qos: 0 | 1): Promise<void> {
    const socket = await this.#connect();
    socket.write(connectFrame(`deaf-${qos}`));
    socket.write(
      mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos }], ...PROTOCOL }),
    );
    const parser = mqttPacket.parser(PROTOCOL);
    socket.on('data', (bytes: Buffer) => parser.parse(bytes));
    await new Promise<void>((resolve) => {
      parser.on('packet', (packet: Packet) => packet.cmd === 'suback' && resolve());
    });
    socket.pause();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #each(count: number, open: (i: number) => Promise<void>): Promise<void> {
    for (let i = 0; i < count; i += OPENED_AT_A_TIME)
      await Promise.all(Array.from({ length: Math.min(OPENED_AT_A_TIME, count - i) }, (_, j) => open(i + j)));
  }

  async #connect(): Promise<Socket> {
    const socket = connect({ port: this.port, host: '127.0.0.1' });
    this.#sockets.push(socket);
    await once(socket, 'connect');
    socket.on('error', () => {});
    return socket;
  }
}

/** A CONNECT without keep-alive. */
export function connectFrame(clientId: string): Buffer {
  return mqttPacket.generate({ cmd: 'connect', clientId, clean: true, keepalive: 0, ...PROTOCOL });
}

/** Files, and so connections, that a process of this user may have open. */
export async function openFilesMax(): Promise<number> {
  const { stdout } = await run('/bin/sh', ['-c', 'ulimit -Hn']);
  return stdout.trim() === 'unlimited' ? Infinity : Number(stdout);
}
