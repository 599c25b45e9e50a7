import type { Intake, PublishCopy } from '@humtemp/intake';
import type { SubscriptionIndex } from '../subscribers/subscription-index.js';

export interface CopyHub {
  readonly intake: Intake;
  readonly index: SubscriptionIndex<unknown>;
  /** Hands a publish to subscribers. Calls back when it is on its way to all of them. */
  readonly publish: (copy: PublishCopy, owner: string, done: () => void) => void;
  /** All connections must look whether they may read. */
  readonly onChange: () => void;
}

/** Copies of all connections that may be under way before none of them is read from any more. */
const COPIES_MAX = 5000;

/** Copies of all connections that are under way. */
export class CopyTraffic {
  #count = 0;
  #hasMany = false;
  #isLate = false;

  constructor(readonly hub: CopyHub) {}

  /** Whether no connection is read from: from too many on, until there are half as many; or subscribers get them late. */
  get isFull(): boolean {
    return this.#hasMany || this.#isLate;
  }

  begin(): void {
    this.#count += 1;
    if (this.#count >= COPIES_MAX) this.#set(true, this.#isLate);
  }

  end(): void {
    this.#count -= 1;
    if (this.#count <= COPIES_MAX / 2) this.#set(false, this.#isLate);
  }

  /** Publishes reach subscribers late, or not any more. */
  late(isLate: boolean): void {
    this.#set(this.#hasMany, isLate);
  }

  #set(hasMany: boolean, isLate: boolean): void {
    const wasFull = this.isFull;
    this.#hasMany = hasMany;
    this.#isLate = isLate;
    if (this.isFull !== wasFull) this.hub.onChange();
  }
}
