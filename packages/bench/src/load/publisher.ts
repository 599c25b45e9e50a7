import type { Socket } from 'node:net';
import { openConnection, PINGREQ } from './mqtt-connection.js';

const PUBACK_BYTES = 4;
const PUBACK = 0x40;

export interface PublisherOptions {
  readonly port: number;
  readonly clientId: string;
  readonly qos: 0 | 1;
  /** Publishes without an acknowledgement at a time. At QoS 0: that the operating system has not taken yet. */
  readonly window: number;
  /** Encoded publishes, `perChunk` in each. */
  readonly chunks: readonly Buffer[];
  readonly perChunk: number;
}

/** One connection that writes its publishes as fast as the window allows. */
export class Publisher {
  readonly #options: PublisherOptions;
  #socket: Socket | undefined;
  #nextChunk = 0;
  #bytes = 0;
  #acknowledged = 0;
  #finish: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  private constructor(options: PublisherOptions) {
    this.#options = options;
  }

  static async open(options: PublisherOptions): Promise<Publisher> {
    const publisher = new Publisher(options);
    publisher.#socket = await openConnection(options.port, options.clientId, (bytes) =>
      publisher.#read(bytes),
    );
    publisher.#socket.on('close', () => publisher.#fail(new Error(`${options.clientId}: closed too early`)));
    return publisher;
  }

  /** Resolves at the last PUBACK; at QoS 0 when a ping that follows the last publish is answered. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
      this.#pump();
    });
  }

  #pump(): void {
    const { chunks, perChunk, window, qos } = this.#options;
    while (
      this.#nextChunk < chunks.length &&
      (this.#nextChunk + 1) * perChunk - this.#acknowledged <= window
    ) {
      const chunk = chunks[this.#nextChunk++]!;
      if (qos === 1) this.#socket!.write(chunk);
      else this.#socket!.write(chunk, this.#onWritten);
    }
  }

  /** QoS 0 */
  readonly #onWritten = (error?: Error | null): void => {
    if (error) return;
    const { chunks, perChunk } = this.#options;
    this.#acknowledged += perChunk;
    if (this.#acknowledged === chunks.length * perChunk) this.#socket!.write(PINGREQ);
    else this.#pump();
  };

  #read(bytes: Buffer): void {
    const { chunks, perChunk, qos } = this.#options;
    if (qos === 0) {
      this.#finish();
      return;
    }
    // A look at one of them: counting bytes must not take other packets for acknowledgements.
    const first = (PUBACK_BYTES - (this.#bytes % PUBACK_BYTES)) % PUBACK_BYTES;
    if (first < bytes.length && bytes[first] !== PUBACK)
      this.#fail(
        new Error(`${this.#options.clientId}: not a PUBACK: ${bytes.toString('hex', first, first + 4)}`),
      );
    this.#bytes += bytes.length;
    this.#acknowledged = Math.floor(this.#bytes / PUBACK_BYTES);
    if (this.#acknowledged === chunks.length * perChunk) this.#finish();
    else this.#pump();
  }
}
