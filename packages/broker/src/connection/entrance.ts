import type { TapEntrance } from '@humtemp/intake';
import type { Kept } from '../budgets/kept.js';
import { FirstFrame } from './first-frame.js';

const NO_ROOM = 'too much is unfinished of others that connect';

const NOTHING = Buffer.alloc(0);

/**
 * Where a client of a broker waits until it is accepted: its CONNECT passes once it is whole, and what stands behind it is
 * kept until the entrance is opened. What is kept is counted.
 */
export class Entrance implements TapEntrance {
  #first: FirstFrame | undefined;
  /** What came behind the CONNECT. */
  #behind: Buffer | undefined;

  /** @param onConnect called with the CONNECT before it passes. */
  constructor(
    connectBytesMax: number,
    readonly kept: Kept,
    readonly onConnect: (frame: Buffer) => void = () => {},
  ) {
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
      return this.kept.set(this.#behind.length) ? undefined : { refusal: NO_ROOM };
    }
    const state = this.#first.take(chunk);
    if (state === undefined) return this.kept.set(this.#first.keptBytes) ? undefined : { refusal: NO_ROOM };
    if ('refusal' in state) return state;
    const connect = Buffer.from(state.frame);
    this.#behind = Buffer.from(state.rest);
    this.#first.end();
    this.#first = undefined;
    if (!this.kept.set(this.#behind.length)) return { refusal: NO_ROOM };
    this.onConnect(connect);
    return { connect };
  }

  /** The client is accepted. @returns what came behind its CONNECT. */
  open(): Buffer {
    const behind = this.#behind ?? NOTHING;
    // It would hold the bytes of the CONNECT, too.
    this.#behind = undefined;
    this.end();
    return behind;
  }

  /** Nothing is kept any more. */
  end(): void {
    this.#first?.end();
    this.kept.set(0);
  }
}
