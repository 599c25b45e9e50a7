import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** "Cannot accept this type of data" [RFC 6455, 7.4.1]. */
const UNSUPPORTED_DATA = 1003;
const NORMAL_CLOSURE = 1000;

/**
 * The bytes of a WebSocket's messages as one stream: where a message ends means nothing to MQTT [MQTT-6.0.0-2]. A text
 * message ends the connection [MQTT-6.0.0-1].
 */
export class WebSocketTransport extends Duplex {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      if (this.destroyed) return;
      if (!isBinary) {
        socket.close(UNSUPPORTED_DATA, 'binary messages only');
        this.destroy(new Error('connection ended: a WebSocket text message [MQTT-6.0.0-1]'));
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
    this.#socket.send(chunk, callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#socket.send(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback);
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
}
