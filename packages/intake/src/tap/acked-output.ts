import { OutboundFrames } from './outbound-frames.js';
import type { TapTransport } from './tap-transport.js';

/**
 * What goes out through a transport: the bytes of an endpoint, and acknowledgements between two of its
 * frames.
 */
export class AckedOutput {
  /** Of the frame that the endpoint is writing; undefined: it is between two. */
  #frames: OutboundFrames | undefined;
  /** Acknowledgements that wait for the endpoint to finish the frame it is writing. */
  #held: Buffer[] | undefined;
  #isFull = false;

  constructor(readonly transport: TapTransport) {}

  /** Whether the transport has taken all it wants; until `drained()`. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Whether nothing waits, and the endpoint is between two frames. */
  get isIdle(): boolean {
    return this.#frames === undefined && this.#held === undefined && !this.#isFull;
  }

  drained(): void {
    this.#isFull = false;
  }

  /**
   * Sends bytes of the endpoint.
   * @returns the type and flags byte of the last frame that started in them, or undefined.
   */
  send(bytes: Buffer): number | undefined {
    const frames = this.#frames ?? new OutboundFrames();
    const started = frames.take(bytes);
    this.#frames = frames.isBetweenFrames ? undefined : frames;
    if (!this.transport.writeSoon(bytes)) this.#isFull = true;
    if (this.#held !== undefined && this.#frames === undefined) {
      for (const acks of this.#held) this.#write(acks);
      this.#held = undefined;
    }
    return started;
  }

  /**
   * Sends whole frames, as soon as no other is half-written.
   * @returns whether the bytes are still needed, and must stay as they are.
   */
  acknowledge(acks: Buffer): boolean {
    if (this.#frames !== undefined) {
      this.#held ??= [];
      this.#held.push(Buffer.from(acks));
      return false;
    }
    if (this.transport.keepsWritten) {
      this.#write(Buffer.from(acks));
      return false;
    }
    this.#write(acks);
    return this.transport.keepsWritten;
  }

  /** Forgets the acknowledgements that wait. */
  clear(): void {
    this.#held = undefined;
  }

  #write(bytes: Buffer): void {
    if (!this.transport.write(bytes)) this.#isFull = true;
  }
}
