import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';
import { clientOf } from './client.js';
import { HeldAnswers } from './held-answers.js';
import { ProblemError } from './problem.js';
import { Turns } from './turns.js';

export interface AdmissionOptions {
  /** Answers that are made at a time. */
  readonly answersMax: number;
  /** Bytes of answers that clients have not taken, in all. */
  readonly heldBytesMax: number;
  /** A request that has waited for so long is answered 503. */
  readonly waitMsMax: number;
  /** Paths that never wait: their answers are short and need no store. */
  readonly isLight: (path: string) => boolean;
}

/** How often those who wait because too much is held look again. */
const LOOK_AGAIN_MS = 50;

interface Waiting {
  readonly enter: () => void;
}

/**
 * Bounds the work and the memory of answers in all, whatever the number of connections:
 *
 *     request ─▶ a turn of the event loop ─▶ a place, one of answersMax ─▶ made ─▶ held until the client has taken it
 *
 * Who waits for a place waits in the queue of its client, and the clients have their turns. While clients have left
 * heldBytesMax bytes of answers unread, nobody gets a place. What is posted needs none: it waits for its commit, and
 * its answer is short.
 */
export class Admission {
  readonly held: HeldAnswers;
  readonly #turns = new Turns();
  readonly #queues = new Map<string, Waiting[]>();
  #making = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly options: AdmissionOptions) {
    this.held = new HeldAnswers(options.heldBytesMax);
  }

  /** Requests that wait for a place. */
  get waiting(): number {
    let waiting = 0;
    for (const queue of this.#queues.values()) waiting += queue.length;
    return waiting;
  }

  /** Lets requests in. To stand behind what finds out whose they are. */
  middleware(): MiddlewareHandler {
    return async (c, next) => {
      const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
      if (this.options.isLight(c.req.path)) return next();
      await this.#turns.next();
      if (c.req.method === 'POST') return next();
      const client = clientOf(c) ?? '';
      if (this.#isFree) this.#making += 1;
      else await this.#place(client);
      try {
        await next();
      } finally {
        if (outgoing !== undefined && 'req' in outgoing) this.held.add(outgoing, client);
        // A turn later it has been handed to its connection, and what waits of it is known.
        setImmediate(() => {
          this.held.look();
          this.#making -= 1;
          this.#letIn();
        });
      }
      return undefined;
    };
  }

  get #isFree(): boolean {
    return this.#making < this.options.answersMax && this.#queues.size === 0 && !this.held.isFull;
  }

  /** @throws ProblemError with status 503 when that takes too long. */
  async #place(client: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      const waiting = { enter: resolve };
      const queue = this.#queues.get(client) ?? [];
      queue.push(waiting);
      this.#queues.set(client, queue);
      timer = setTimeout(() => {
        this.#forget(client, waiting);
        reject(overloaded());
      }, this.options.waitMsMax);
      if (this.#making < this.options.answersMax) this.#lookLater();
    }).finally(() => clearTimeout(timer));
    // Answers that end together do not begin others together.
    await this.#turns.next();
  }

  #forget(client: string, waiting: Waiting): void {
    const queue = this.#queues.get(client)?.filter((one) => one !== waiting) ?? [];
    if (queue.length === 0) this.#queues.delete(client);
    else this.#queues.set(client, queue);
  }

  /** Lets the next of the next client in, if there is room. */
  #letIn(): void {
    while (this.#making < this.options.answersMax && this.#queues.size > 0) {
      if (this.held.isFull) {
        this.#lookLater();
        return;
      }
      const [client, queue] = this.#queues.entries().next().value!;
      const { enter } = queue.shift()!;
      // Behind all others.
      this.#queues.delete(client);
      if (queue.length > 0) this.#queues.set(client, queue);
      this.#making += 1;
      enter();
    }
  }

  #lookLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#letIn();
    }, LOOK_AGAIN_MS).unref();
  }
}

function overloaded(): ProblemError {
  const detail = 'too many answers are under way, or not read by their clients; try again later';
  return new ProblemError({ type: '/problems/overloaded', status: 503, detail, retryAfterS: 5 });
}
