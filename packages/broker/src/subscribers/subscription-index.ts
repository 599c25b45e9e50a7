/** One level of the filters: what may follow it, and whose filters end here. */
interface Level {
  readonly next: Map<string, Level>;
  readonly holders: Set<unknown>;
}

/**
 * All filters that somebody subscribes to, connected or with a session, to know whether a topic has any subscriber.
 * Filters of the broker's own topics ($SYS) are left out: no observation matches them.
 */
export class SubscriptionIndex {
  readonly #root: Level = newLevel();
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** A filter may have many holders, each of which holds it once. */
  add(filter: string, holder: unknown): void {
    if (filter.startsWith('$')) return;
    let level = this.#root;
    for (const word of filter.split('/')) {
      let next = level.next.get(word);
      if (next === undefined) {
        next = newLevel();
        level.next.set(word, next);
      }
      level = next;
    }
    if (!level.holders.has(holder)) this.#size += 1;
    level.holders.add(holder);
  }

  remove(filter: string, holder: unknown): void {
    if (!filter.startsWith('$')) this.#remove(this.#root, filter.split('/'), 0, holder);
  }

  /** Whether any filter matches a topic, which does not start with $. */
  matches(topic: string): boolean {
    return !this.isEmpty && matchesFrom(this.#root, topic, 0);
  }

  #remove(level: Level, words: readonly string[], at: number, holder: unknown): void {
    if (at === words.length) {
      if (level.holders.delete(holder)) this.#size -= 1;
      return;
    }
    const word = words[at]!;
    const next = level.next.get(word);
    if (next === undefined) return;
    this.#remove(next, words, at + 1, holder);
    if (next.holders.size === 0 && next.next.size === 0) level.next.delete(word);
  }
}

function newLevel(): Level {
  return { next: new Map(), holders: new Set() };
}

/** @param at where the next level of the topic starts; behind its end if there is none. */
function matchesFrom(level: Level, topic: string, at: number): boolean {
  if (level.next.has('#')) return true;
  if (at > topic.length) return level.holders.size > 0;
  const slash = topic.indexOf('/', at);
  const end = slash === -1 ? topic.length : slash;
  const named = level.next.get(topic.slice(at, end));
  if (named !== undefined && matchesFrom(named, topic, end + 1)) return true;
  const any = level.next.get('+');
  return any !== undefined && matchesFrom(any, topic, end + 1);
}
