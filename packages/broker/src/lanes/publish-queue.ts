import type { Client, PublishPacket } from 'aedes';

type Callback = (error?: Error | null) => void;

/** The way of a publish through aedes. */
export interface PublishWay {
  /** Of the last publish that aedes has numbered. */
  readonly counter: number;
  /**
   * Numbers a publish, has sessions keep it, and gives it to `emit` of the queue. One that is refused is not numbered.
   * Calls back when it is through, or came to nothing.
   */
  publish(packet: PublishPacket, client: Client | null, done: Callback): void;
  /** Hands a publish to its subscribers, without a limit of its own. */
  emit(packet: PublishPacket, callback: Callback): void;
}

interface Waiting {
  readonly packet: PublishPacket;
  readonly client: Client | null;
  readonly done: Callback | undefined;
}

/** Publishes whose deliveries are made at a time. */
const AT_A_TIME_MAX = 100;

/**
 * Publishes on their way through aedes:
 *
 *     publish() ──▶ wait in order ──▶ numbered, one at a time ──▶ emit() ──▶ at their subscribers, so many at a time
 *
 * One at a time, because only what is kept, for sessions or as retained, takes turns from its number to its subscribers.
 * Others would overtake it, and aedes lets no subscriber have a publish after one of a higher number.
 *
 * So many at a time the emitter could do by itself, but it takes up the next within the end of the last: thousands that
 * wait when their only subscriber leaves would end the process with a full stack.
 */
export class PublishQueue {
  #waiting: Waiting[] = [];
  /** Where the next one stands. */
  #head = 0;
  /** The one that may have a number and has not been emitted. */
  #numbered: Waiting | undefined;
  #inProgress = 0;
  #isTaking = false;

  constructor(readonly way: PublishWay) {}

  publish(packet: PublishPacket, client: Client | null, done?: Callback): void {
    this.#waiting.push({ packet, client, done });
    this.#take();
  }

  emit(packet: PublishPacket, callback: Callback): void {
    this.#numbered = undefined;
    this.#inProgress += 1;
    this.way.emit(packet, (error) => {
      this.#inProgress -= 1;
      callback(error);
      this.#take();
    });
    this.#take();
  }

  #take(): void {
    if (this.#isTaking) return;
    this.#isTaking = true;
    while (
      this.#numbered === undefined &&
      this.#inProgress < AT_A_TIME_MAX &&
      this.#head < this.#waiting.length
    )
      this.#begin(this.#waiting[this.#head++]!);
    if (this.#head > 0 && this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    this.#isTaking = false;
  }

  #begin(next: Waiting): void {
    const { way } = this;
    const { counter } = way;
    this.#numbered = next;
    way.publish(next.packet, next.client, (error) => {
      next.done?.(error);
      if (this.#numbered !== next) return;
      // It came to nothing.
      this.#numbered = undefined;
      this.#take();
    });
    // Nobody waits for the callback of a refused one.
    if (way.counter === counter) this.#numbered = undefined;
  }
}
