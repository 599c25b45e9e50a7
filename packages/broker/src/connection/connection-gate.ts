import { networkOf } from '../budgets/owner.js';
import { shareOf } from '../budgets/share.js';

export interface ConnectionLimits {
  /** Connections of all listeners at a time. */
  readonly connectionsMax: number;
  /** Connections from one address at a time. Undefined: three of four of all. */
  readonly connectionsPerAddressMax: number | undefined;
  /** Connections of one account at a time. Undefined: three of four of all. */
  readonly connectionsPerAccountMax: number | undefined;
}

/** Counts connections of all listeners, in all, per address and per account, and says when there are too many. */
export class ConnectionGate {
  #count = 0;
  readonly #byAddress = new Map<string, number>();
  readonly #byAccount = new Map<string, number>();
  readonly #perAddressMax: number;
  readonly #perAccountMax: number;

  constructor(readonly limits: ConnectionLimits) {
    const { connectionsMax, connectionsPerAddressMax, connectionsPerAccountMax } = limits;
    this.#perAddressMax = connectionsPerAddressMax ?? shareOf(connectionsMax);
    this.#perAccountMax = connectionsPerAccountMax ?? shareOf(connectionsMax);
  }

  get count(): number {
    return this.#count;
  }

  /** Lets a connection in, or says why not. Who was let in must leave. */
  enter(address: string): string | undefined {
    const { connectionsMax } = this.limits;
    if (this.#count >= connectionsMax) return `more than ${connectionsMax} connections`;
    if (!enter(this.#byAddress, networkOf(address), this.#perAddressMax))
      return `more than ${this.#perAddressMax} connections from this address`;
    this.#count += 1;
    return undefined;
  }

  leave(address: string): void {
    this.#count -= 1;
    leave(this.#byAddress, networkOf(address));
  }

  /** A client has shown that it is of this account. @returns why it may not stay, or undefined: then it must leave. */
  enterAccount(username: string): string | undefined {
    if (enter(this.#byAccount, username, this.#perAccountMax)) return undefined;
    return `more than ${this.#perAccountMax} connections of this account`;
  }

  leaveAccount(username: string): void {
    leave(this.#byAccount, username);
  }
}

function enter(counts: Map<string, number>, key: string, max: number): boolean {
  const count = counts.get(key) ?? 0;
  if (count >= max) return false;
  counts.set(key, count + 1);
  return true;
}

function leave(counts: Map<string, number>, key: string): void {
  const count = counts.get(key)! - 1;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
