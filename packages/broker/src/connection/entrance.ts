import type { TapEntrance } from '@humtemp/intake';
import { FirstFrame } from './first-frame.js';

/**
 * Where a client of a broker waits until it is accepted: its CONNECT passes once it is whole, and what stands behind it is
 * kept until the entrance is opened.
 */
export class Entrance implements TapEntrance {
  #first: FirstFrame | undefined;
  /** What came behind the CONNECT. */
  #behind: Buffer | undefined;

  constructor(connectBytesMax: number) {
    this.#first = new FirstFrame(connectBytesMax);
  }

  /** Whether the CONNECT has passed, and the client is not accepted yet. */
  get isWaiting(): boolean {
    return this.#behind !== undefined;
  }

  /** Takes the next piece. @returns the CONNECT, when it is whole; or why there will be none. */
  take(chunk: Buffer): { readonly connect: Buffer } | { readonly refusal: string } | undefined {
    if (this.#first === undefined) {
      this.#behind = Buffer.concat([this.#behind!, chunk]);
      return undefined;
    }
    const state = this.#first.take(chunk);
    if (state === undefined || 'refusal' in state) return state;
    this.#first = undefined;
    this.#behind = state.rest;
    return { connect: state.frame };
  }

  /** The client is accepted. @returns what came behind its CONNECT. */
  open(): Buffer {
    return this.#behind ?? Buffer.alloc(0);
  }
}
