import { connect, type Socket } from 'node:net';
import mqttPacket, { type Packet } from 'mqtt-packet';
import type { Random } from './random.js';

export interface Publish {
  readonly topic: string;
  readonly payload: string;
}

export interface StubbornClientOptions {
  readonly port: number;
  readonly clientId: string;
  /** Of MQTT: 4 is 3.1.1, the default. */
  readonly version?: 4 | 5;
  /** For the pauses before it connects again. */
  readonly random: Random;
  /** The next publish; undefined: it has said everything. */
  readonly next: () => Publish | undefined;
  /** Between a PUBACK and the next publish. */
  readonly pauseMs?: number;
  /** Called in the very turn in which the PUBACK is read. */
  readonly onAcknowledged: (publish: Publish) => void;
}

const PACKET_ID_MAX = 65_535;
const RECONNECT_MS = { min: 100, max: 300 };

/**
 * A small sensor: one QoS 1 publish in flight, sent again, as the same packet with DUP, on each new
 * connection until its PUBACK comes.
 *
 *     connecting ──CONNACK──▶ publishing ──PUBACK──▶ publishing the next ──nothing more──▶ done
 *          ▲                      │
 *          └──────pause───────────┴──closed, refused
 */
export class StubbornClient {
  /** Resolves once everything is acknowledged; rejects when the broker breaks the protocol. */
  readonly done: Promise<void>;
  /** Connections that were accepted. */
  connections = 0;
  /** Publishes sent once more. */
  resent = 0;
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #inFlight: Publish | undefined;
  #wasSent = false;
  #packetId = 0;
  #over = false;

  constructor(readonly options: StubbornClientOptions) {
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever awaits `done` hears of it; until then it is not unhandled.
    this.done.catch(() => {});
    this.#connect();
  }

  /** Hears nothing more of this connection, not even what has arrived, and makes another. */
  drop(): void {
    this.#socket?.destroy();
  }

  /** Gives up whatever is in flight. */
  close(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  #connect(): void {
    const socket = connect({ port: this.options.port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    const protocolVersion = this.options.version ?? 4;
    const parser = mqttPacket.parser({ protocolVersion });
    socket.on('connect', () =>
      socket.write(
        mqttPacket.generate({
          cmd: 'connect',
          clientId: this.options.clientId,
          clean: true,
          keepalive: 60,
          protocolId: 'MQTT',
          protocolVersion,
        }),
      ),
    );
    socket.on('data', (bytes: Buffer) => parser.parse(bytes));
    parser.on('packet', (packet: Packet) => this.#receive(packet));
    parser.on('error', (error: Error) => this.#fail(`the broker sent no MQTT: ${error.message}`));
    // `close` follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#over) return;
      const { min, max } = RECONNECT_MS;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#connect(), min + (max - min) * this.options.random());
    });
  }

  #receive(packet: Packet): void {
    if (this.#over) return;
    if (packet.cmd === 'connack') {
      const code = packet.reasonCode ?? packet.returnCode;
      if (code !== 0) this.#fail(`refused with ${code}`);
      this.connections += 1;
      if (this.#inFlight === undefined) this.#publishNext();
      else this.#send();
    } else if (packet.cmd === 'puback' && this.#inFlight !== undefined) {
      if (packet.messageId !== this.#packetId)
        this.#fail(`PUBACK ${packet.messageId} while ${this.#packetId} was in flight`);
      if ((packet.reasonCode ?? 0) !== 0) this.#fail(`a PUBACK that says ${packet.reasonCode}`);
      const acknowledged = this.#inFlight;
      this.#inFlight = undefined;
      this.options.onAcknowledged(acknowledged);
      if (this.#over) return;
      if (this.options.pauseMs === undefined) this.#publishNext();
      else this.#timer = setTimeout(() => this.#publishNext(), this.options.pauseMs);
    } else this.#fail(`nobody asked for ${packet.cmd}`);
  }

  #publishNext(): void {
    this.#inFlight = this.options.next();
    this.#wasSent = false;
    if (this.#inFlight === undefined) {
      this.close();
      this.#settle?.resolve();
      return;
    }
    this.#packetId = (this.#packetId % PACKET_ID_MAX) + 1;
    this.#send();
  }

  #send(): void {
    if (this.#wasSent) this.resent += 1;
    this.#socket?.write(
      mqttPacket.generate(
        {
          cmd: 'publish',
          ...this.#inFlight!,
          qos: 1,
          messageId: this.#packetId,
          dup: this.#wasSent,
          retain: false,
        },
        { protocolVersion: this.options.version ?? 4 },
      ),
    );
    this.#wasSent = true;
  }

  #fail(message: string): void {
    this.close();
    this.#settle?.reject(new Error(`${this.options.clientId}: ${message}`));
  }
}
