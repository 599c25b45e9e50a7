import { OutboundFrames } from './outbound-frames.js';
import type { TapTransport } from './tap-transport.js';

/**
 * What goes out through a transport: the bytes of an endpoint, and acknowledgements between two of its
 * frames.
 */
export class AckedOutput {
  readonly #frames = new OutboundFrames();
  /** Acknowledgements that wait for the endpoint to finish the frame it is writing. */
  #held: Buffer[] = [];
  #isFull = false;

  constructor(readonly transport: TapTransport) {}

  /** Whether the transport has taken all it wants; until `drained()`. */
  get isFull(): boolean {
    return this.#isFull;
  }

  drained(): void {
    this.#isFull = false;
  }

  /**
   * Sends bytes of the endpoint.
   * @returns the type and flags byte of the last frame that started in them, or undefined.
   */
  send(bytes: Buffer): number | undefined {
    const started = this.#frames.take(bytes);
    this.#write(bytes);
    if (this.#frames.isBetweenFrames && this.#held.length > 0) {
      for (const acks of this.#held) this.#write(acks);
      this.#held = [];
    }
    return started;
  }

  /** Sends whole frames, as soon as no other is half-written. */
  acknowledge(acks: Buffer): void {
    if (this.#frames.isBetweenFrames) this.#write(acks);
    else this.#held.push(acks);
  }

  /** Forgets the acknowledgements that wait. */
  clear(): void {
    this.#held = [];
  }

  #write(bytes: Buffer): void {
    if (!this.transport.write(bytes)) this.#isFull = true;
  }
}
