/** What each client has of something that there is only so much of, so that none has all of it. */
export class Shares {
  readonly #taken = new Map<string, number>();

  /** @param max what one client may have. */
  constructor(readonly max: number) {}

  of(client: string): number {
    return this.#taken.get(client) ?? 0;
  }

  /** Whether a client may have so much more. */
  allows(client: string, more: number): boolean {
    return this.of(client) + more <= this.max;
  }

  /** Adds to what a client has; gives it back with a negative amount. */
  add(client: string, amount: number): void {
    const taken = this.of(client) + amount;
    if (taken === 0) this.#taken.delete(client);
    else this.#taken.set(client, taken);
  }
}

/** What one client may have of so much, at least 1: half, unless configured otherwise. */
export function shareOf(total: number, share: number): number {
  return Math.max(1, Math.ceil(total * share));
}

export const CLIENT_SHARE = 0.5;
