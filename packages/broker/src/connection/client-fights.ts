/** So many connections that end each other within so much time fight; fewer come of a network that breaks. */
const FIGHT_COUNT = 3;
const FIGHT_MS = 60_000;
/** Client ids that are watched. */
const WATCHED_MAX = 1000;

interface Watch {
  count: number;
  sinceMs: number;
}

/**
 * Notices clients that fight over one client id: each connects, which ends the connection of the other, which connects
 * again.
 */
export class ClientFights {
  readonly #watched = new Map<string, Watch>();

  constructor(readonly nowMs: () => number = () => performance.now()) {}

  /** A connection has ended because another came with its client id. @returns whether that is a fight now. */
  takeOver(key: string): boolean {
    const nowMs = this.nowMs();
    let watch = this.#watched.get(key);
    if (watch === undefined || nowMs - watch.sinceMs > FIGHT_MS) {
      const [oldest] = this.#watched.keys();
      if (watch === undefined && oldest !== undefined && this.#watched.size >= WATCHED_MAX)
        this.#watched.delete(oldest);
      watch = { count: 0, sinceMs: nowMs };
      // The one that was seen last stands last.
      this.#watched.delete(key);
      this.#watched.set(key, watch);
    }
    watch.count += 1;
    return watch.count === FIGHT_COUNT;
  }
}
