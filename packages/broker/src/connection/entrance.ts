import type { TapEntrance } from '@humtemp/intake';
import type { Budget } from '../budgets/budget.js';
import { FirstFrame } from './first-frame.js';

const NO_ROOM = 'too much is unfinished of others that connect';

/**
 * Where a client of a broker waits until it is accepted: its CONNECT passes once it is whole, and what stands behind it is
 * kept until the entrance is opened. What is kept is counted.
 */
export class Entrance implements TapEntrance {
  #first: FirstFrame | undefined;
  /** What came behind the CONNECT. */
  #behind: Buffer | undefined;
  #kept = 0;

  constructor(
    connectBytesMax: number,
    readonly budget: Budget,
    readonly owner: string,
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
      return this.#keep(this.#behind.length) ? undefined : { refusal: NO_ROOM };
    }
    const state = this.#first.take(chunk);
    if (state === undefined) return this.#keep(this.#first.keptBytes) ? undefined : { refusal: NO_ROOM };
    if ('refusal' in state) return state;
    this.#first = undefined;
    this.#behind = state.rest;
    return this.#keep(state.rest.length) ? { connect: state.frame } : { refusal: NO_ROOM };
  }

  /** The client is accepted. @returns what came behind its CONNECT. */
  open(): Buffer {
    this.end();
    return this.#behind ?? Buffer.alloc(0);
  }

  /** Nothing is kept any more. */
  end(): void {
    this.#keep(0);
  }

  #keep(bytes: number): boolean {
    const more = bytes - this.#kept;
    if (more > 0 && !this.budget.take(this.owner, more)) return false;
    if (more < 0) this.budget.give(this.owner, -more);
    this.#kept = bytes;
    return true;
  }
}
