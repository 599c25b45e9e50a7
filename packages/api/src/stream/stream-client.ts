import type { Writable } from 'node:stream';
import type { Scope } from '../access/scope.js';

export interface StreamClientOptions {
  readonly scope: Scope;
  /** What is sent at once. Others may be sent the same bytes: they are not copied. */
  readonly first: readonly Uint8Array[];
  /** The turn that it has been told everything of. */
  readonly toldTurn: number;
  /** The response under the body, to cut a connection that does not read; absent where there is no connection. */
  readonly outgoing: Writable | undefined;
  readonly onGone: () => void;
}

/** An end that the client does not take is cut after this. */
const END_MS_MAX = 1000;

/**
 * One client of a stream. Nothing is queued for it but one frame: while it does not read, it is told nothing, and
 * afterwards the newest state of everything that has changed since `toldTurn`.
 */
export class StreamClient {
  readonly body: ReadableStream<Uint8Array>;
  readonly scope: Scope;
  toldTurn: number;
  sentAtMs = performance.now();
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #stuckSinceMs: number | undefined;
  #isGone = false;

  constructor(readonly options: StreamClientOptions) {
    this.scope = options.scope;
    this.toldTurn = options.toldTurn;
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        for (const frame of options.first) controller.enqueue(frame);
      },
      cancel: () => this.#gone(),
    });
  }

  /** Whether it has read what it was sent, but for what the network holds. */
  get hasRoom(): boolean {
    const hasRoom = !this.#isGone && (this.#controller.desiredSize ?? 0) > 0;
    if (hasRoom) this.#stuckSinceMs = undefined;
    return hasRoom;
  }

  /** For how long it has not had room, as far as anybody looked. */
  stuckMs(nowMs: number): number {
    this.#stuckSinceMs ??= nowMs;
    return nowMs - this.#stuckSinceMs;
  }

  send(frame: Uint8Array, nowMs: number): void {
    this.#controller.enqueue(frame);
    this.sentAtMs = nowMs;
  }

  /** Ends the stream; what was sent before is still read, if it is read soon. */
  end(): void {
    if (this.#isGone) return;
    this.#gone();
    this.#controller.close();
    setTimeout(() => this.#cutUnfinished(), END_MS_MAX).unref();
  }

  /** Ends the connection. */
  cut(): void {
    this.end();
    this.#cutUnfinished();
  }

  #cutUnfinished(): void {
    const { outgoing } = this.options;
    if (outgoing?.writableFinished === false) outgoing.destroy();
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.options.onGone();
  }
}
