/** A handshake takes some tenths of a millisecond of computing, or a few with an RSA key. */
const HANDSHAKES_A_TURN = 4;

/**
 * Begins TLS handshakes a few in each turn of the event loop, in the order of their coming: strangers may begin thousands at
 * once, and what clients publish is not to wait for all of them. What is not begun is not read.
 */
export class HandshakeTurns {
  #waiting: (() => void)[] = [];
  #next = 0;

  /** Calls `begin` when it is its turn. */
  add(begin: () => void): void {
    this.#waiting.push(begin);
    if (this.#waiting.length === 1) setImmediate(() => this.#turn());
  }

  #turn(): void {
    const end = Math.min(this.#next + HANDSHAKES_A_TURN, this.#waiting.length);
    while (this.#next < end) this.#waiting[this.#next++]!();
    if (this.#next < this.#waiting.length) {
      setImmediate(() => this.#turn());
      return;
    }
    this.#waiting = [];
    this.#next = 0;
  }
}
