import type { PublishCopies, PublishCopy } from '@humtemp/intake';
import type { CopyPublisher, CopyTraffic } from './copy-traffic.js';

/** Copies of one connection that may be under way before it is not read from any more. */
const COPIES_MAX = 1000;
const BYTES_MAX = 1024 * 1024;
/** Copies of one connection that hold nobody up, whatever the others have: what a sensor has under way. */
const FEW = 8;
const FEW_BYTES = 4096;

/**
 * Copies of observations that went past the MQTT library, for those who subscribe to them:
 *
 *     add() ──▶ waits for its batch to settle ──▶ handed to subscribers, in the order in which they came
 *
 * Subscribers thus learn of nothing that is not in the store, as on the slow lane. What the connection had published is
 * still handed on when it is gone.
 */
export class ObservationCopies implements PublishCopies {
  #batches: { readonly receipt: number; readonly copies: PublishCopy[] }[] = [];
  #count = 0;
  #bytes = 0;
  readonly #onSettled = () => this.#handOn();

  constructor(
    readonly traffic: CopyTraffic,
    readonly publisher: CopyPublisher,
    readonly onRoom: () => void,
  ) {}

  wants(topic: { toString(): string }, isRetained: boolean): boolean {
    // What is retained is kept for those who subscribe later.
    const { index } = this.traffic.hub;
    return isRetained || (!index.isEmpty && index.matches(topic.toString()));
  }

  add(copy: PublishCopy): void {
    this.#count += 1;
    if (this.#count === 1) this.traffic.source(1);
    this.#bytes += copy.payload.length;
    this.traffic.begin();
    const last = this.#batches.at(-1);
    if (last?.receipt === copy.receipt) {
      last.copies.push(copy);
      return;
    }
    this.#batches.push({ receipt: copy.receipt, copies: [copy] });
    this.traffic.hub.intake.afterSettled(this.#onSettled, copy.receipt);
  }

  get isFull(): boolean {
    const { traffic } = this;
    return this.#isOwnFull || (traffic.isFull && !this.#hasFew && this.#count >= traffic.share);
  }

  get #hasFew(): boolean {
    return this.#count < FEW && this.#bytes < FEW_BYTES;
  }

  get isScarce(): boolean {
    return this.traffic.isFull;
  }

  get #isOwnFull(): boolean {
    return this.#count >= COPIES_MAX || this.#bytes >= BYTES_MAX;
  }

  #handOn(): void {
    const { intake, publish } = this.traffic.hub;
    while (this.#batches.length > 0 && intake.isSettled(this.#batches[0]!.receipt))
      for (const copy of this.#batches.shift()!.copies) publish(copy, this.publisher, () => this.#done(copy));
  }

  #done(copy: PublishCopy): void {
    const wasFull = this.isFull;
    this.#count -= 1;
    if (this.#count === 0) this.traffic.source(-1);
    this.#bytes -= copy.payload.length;
    this.traffic.end();
    if (wasFull && !this.isFull) this.onRoom();
  }
}
