import type { PublishPacket } from 'aedes';

type Callback = (error?: Error | null) => void;
type Emit = (packet: PublishPacket, callback: Callback) => void;

interface Waiting {
  readonly packet: PublishPacket;
  readonly callback: Callback;
}

/** Publishes whose deliveries are made at a time. */
const AT_A_TIME_MAX = 100;

/**
 * Publishes on their way from aedes to its emitter, which hands each to its subscribers: so many at a time, the others in
 * order. The emitter could do this by itself, but it takes up the next within the end of the last: thousands that wait
 * when their only subscriber leaves would end the process with a full stack.
 */
export class PublishQueue {
  #waiting: Waiting[] = [];
  /** Where the next one stands. */
  #head = 0;
  #inProgress = 0;
  #isTaking = false;

  /** @param emit hands a publish to its subscribers, without a limit of its own. */
  constructor(readonly emit: Emit) {}

  add(packet: PublishPacket, callback: Callback): void {
    this.#waiting.push({ packet, callback });
    this.#take();
  }

  #take(): void {
    if (this.#isTaking) return;
    this.#isTaking = true;
    while (this.#inProgress < AT_A_TIME_MAX && this.#head < this.#waiting.length) {
      const { packet, callback } = this.#waiting[this.#head++]!;
      this.#inProgress += 1;
      this.emit(packet, (error) => {
        this.#inProgress -= 1;
        callback(error);
        this.#take();
      });
    }
    if (this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    this.#isTaking = false;
  }
}
