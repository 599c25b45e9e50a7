import { ProblemError } from './problem.js';

/** Bounds how many answers that read much of the store are under way at once. */
export class BusyLimit {
  #busy = 0;
  readonly #busyOf = new Map<string, number>();

  constructor(readonly max: number) {}

  /**
   * Takes a place. @returns what gives it back; further calls of it do nothing.
   * @param client of an answer that lasts as long as its client likes: one client takes at most half of the places so.
   * @throws ProblemError with status 429 when all are taken.
   */
  enter(client?: string): () => void {
    if (this.#busy >= this.max)
      throw tooMany(`${this.max} answers of this kind are under way; try again later`);
    const ofClientMax = Math.ceil(this.max / 2);
    const ofClient = client === undefined ? 0 : (this.#busyOf.get(client) ?? 0);
    if (ofClient >= ofClientMax)
      throw tooMany(`${ofClientMax} answers to this client are under way: read them first`);
    this.#busy += 1;
    this.#add(client, 1);
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#busy -= 1;
      this.#add(client, -1);
    };
  }

  #add(client: string | undefined, change: 1 | -1): void {
    if (client === undefined) return;
    const busy = (this.#busyOf.get(client) ?? 0) + change;
    if (busy === 0) this.#busyOf.delete(client);
    else this.#busyOf.set(client, busy);
  }
}

function tooMany(detail: string): ProblemError {
  return new ProblemError({ type: '/problems/too-many-requests', status: 429, detail, retryAfterS: 1 });
}
