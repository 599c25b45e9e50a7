import type { LabDelta } from './lab-delta.js';

/** Of an identity, in the list of those that were added and, of many labs, in a table that is half full. */
const IDENTITY_BYTES = 30;

/** What all labs got since a checkpoint began. */
export class Delta {
  readonly labs = new Map<string, LabDelta>();
  /** Those that no table has the name of. */
  readonly newLabs = new Set<string>();
  #bytes = 0;

  /** Bytes in memory, roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.labs.size === 0;
  }

  get(lab: string): LabDelta | undefined {
    return this.labs.get(lab);
  }

  /** A lab has got something. */
  touch(state: LabDelta): void {
    const { bytes } = state;
    if (state.measuredBytes === 0) {
      this.labs.set(state.lab, state);
      if (state.isNew) this.newLabs.add(state.lab);
    }
    this.#bytes += bytes - state.measuredBytes;
    state.measuredBytes = bytes;
  }

  /** A lab has got so many identities more, and else only sums that it had before. */
  grow(state: LabDelta, identities: number): void {
    if (state.measuredBytes === 0) {
      this.touch(state);
      return;
    }
    const bytes = identities * IDENTITY_BYTES;
    state.measuredBytes += bytes;
    this.#bytes += bytes;
  }

  /** Nothing that a lab got is kept any more. */
  forget(state: LabDelta): void {
    this.labs.delete(state.lab);
    this.newLabs.delete(state.lab);
    this.#bytes -= state.measuredBytes;
  }

  /** The name of a lab is to be saved again. */
  renew(state: LabDelta): void {
    state.isNew = true;
    this.newLabs.add(state.lab);
  }
}
