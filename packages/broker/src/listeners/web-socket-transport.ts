import { Duplex } from 'node:stream';
import { plainError } from '@humtemp/intake';
import type { WebSocket } from 'ws';
import { WholePackets } from './whole-packets.js';

/** "Cannot accept this type of data" [RFC 6455, 7.4.1]. */
const UNSUPPORTED_DATA = 1003;
const NORMAL_CLOSURE = 1000;

/**
 * The bytes of a WebSocket's messages as one stream: where a message ends means nothing to MQTT [MQTT-6.0.0-2]. A text
 * message ends the connection [MQTT-6.0.0-1].
 *
 * Each packet goes out as a message of its own: Paho for C 1.3 does not look at what stands behind the first packet of a
 * message until the next message comes.
 */
export class WebSocketTransport extends Duplex {
  readonly #socket: WebSocket;
  readonly #packets = new WholePackets();

  /** @param connection what carries the WebSocket: it takes the messages of one turn in one piece. */
  constructor(
    socket: WebSocket,
    readonly connection: Duplex,
  ) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      if (this.destroyed) return;
      if (!isBinary) {
        socket.close(UNSUPPORTED_DATA, 'binary messages only');
        this.destroy(plainError('connection ended: a WebSocket text message [MQTT-6.0.0-1]'));
      } else if (!this.push(data)) socket.pause();
    });
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => {
      if (!this.destroyed) this.push(null);
    });
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#send([chunk], callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket.close(NORMAL_CLOSURE);
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // Not at once: what was sent last, a CONNACK or why we close, is on its way out.
    const socket = this.#socket;
    socket.resume();
    setImmediate(() => socket.terminate());
    callback(error);
  }

  #send(chunks: readonly Buffer[], callback: (error?: Error | null) => void): void {
    const packets = this.#packets.take(chunks);
    const last = packets.pop();
    if (last === undefined) {
      callback();
      return;
    }
    this.connection.cork();
    for (const packet of packets) this.#socket.send(packet);
    this.#socket.send(last, callback);
    this.connection.uncork();
  }
}
