import type { Intake, PublishCopy } from '@humtemp/intake';
import type { SubscriptionIndex } from '../subscribers/subscription-index.js';

/** Whose copies they are. */
export interface CopyPublisher {
  readonly clientKey: string;
  /** Whose memory they take if they are retained. */
  readonly owner: string;
}

export interface CopyHub {
  readonly intake: Intake;
  readonly index: SubscriptionIndex<unknown, unknown>;
  /** Hands a publish to subscribers. Calls back when it is on its way to all of them. */
  readonly publish: (copy: PublishCopy, publisher: CopyPublisher, done: () => void) => void;
  /** All connections must look whether they may read. */
  readonly onChange: () => void;
}

/** Copies of all connections that may be under way before only those are read from that have few. */
const COPIES_MAX = 5000;
/** And before none is read from. */
const COPIES_MAX_OF_ALL = 20_000;

/** Copies of all connections that are under way. */
export class CopyTraffic {
  #count = 0;
  /** Connections that have copies under way. */
  #sources = 0;
  #hasMany = false;
  #isLate = false;
  #isOverfull = false;

  constructor(readonly hub: CopyHub) {}

  /**
   * Whether only those are read from that have few of them: from too many on, until there are half as many; or
   * subscribers get them late.
   */
  get isFull(): boolean {
    return this.#hasMany || this.#isLate;
  }

  /** How many copies a connection may have under way while it is full: each the same. */
  get share(): number {
    return this.#isOverfull ? 0 : Math.floor(COPIES_MAX_OF_ALL / 2 / (this.#sources + 1));
  }

  /** A connection has copies under way, or none any more. */
  source(change: 1 | -1): void {
    this.#sources += change;
  }

  begin(): void {
    this.#count += 1;
    if (this.#count >= COPIES_MAX_OF_ALL) this.#isOverfull = true;
    if (this.#count >= COPIES_MAX) this.#set(true, this.#isLate);
  }

  end(): void {
    this.#count -= 1;
    if (this.#isOverfull && this.#count <= COPIES_MAX) {
      this.#isOverfull = false;
      this.hub.onChange();
    }
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
