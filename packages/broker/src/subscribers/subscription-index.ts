/** One level of the filters. */
interface Level<Holder, Terms> {
  /** What may follow. */
  next: Map<string, Level<Holder, Terms>> | undefined;
  /** A filter that nobody shares the rest of is not divided into levels: the rest. Undefined: there is none such. */
  rest: string | undefined;
  /** Those whose filters end with the rest, or here if there is none, with their terms. */
  holders: Map<Holder, Terms> | undefined;
}

export type Visit<Holder, Terms> = (holder: Holder, terms: Terms) => void;

/**
 * All filters that somebody subscribes to, to find the subscribers of a topic. A filter takes as many levels as it shares
 * with others, and one.
 */
export class SubscriptionIndex<Holder, Terms> {
  readonly #root: Level<Holder, Terms> = newLevel(undefined);
  #size = 0;
  /** Filters of the broker's own topics ($SYS) among them, which match no other. */
  #reserved = 0;

  /** Whether nobody subscribes to anything that a client may publish. */
  get isEmpty(): boolean {
    return this.#size === this.#reserved;
  }

  /** A filter may have many holders, each of which holds it once, at the terms that it was given last. */
  add(filter: string, holder: Holder, terms: Terms): void {
    let level = this.#root;
    let rest: string | undefined = filter;
    while (rest !== undefined) {
      if (level.rest !== undefined) {
        if (level.rest === rest) break;
        divide(level);
      }
      const [word, behind] = divided(rest);
      level.next ??= new Map();
      const next = level.next.get(word);
      if (next === undefined) {
        const added = newLevel<Holder, Terms>(behind);
        level.next.set(word, added);
        level = added;
        break;
      }
      level = next;
      rest = behind;
    }
    // A filter that ends where the rest of another goes on.
    if (rest === undefined && level.rest !== undefined) divide(level);
    level.holders ??= new Map();
    if (!level.holders.has(holder)) this.#count(filter, 1);
    level.holders.set(holder, terms);
  }

  remove(filter: string, holder: Holder): void {
    this.#remove(this.#root, filter, filter, holder);
  }

  /** Whether any filter matches a topic. */
  matches(topic: string): boolean {
    return !this.isEmpty && visitFrom(this.#root, topic, 0, topic.startsWith('$'), undefined);
  }

  /** Visits everybody who holds a filter that matches a topic, once for each such filter. */
  visit(topic: string, visit: Visit<Holder, Terms>): void {
    if (this.#size > 0) visitFrom(this.#root, topic, 0, topic.startsWith('$'), visit);
  }

  #count(filter: string, change: 1 | -1): void {
    this.#size += change;
    if (filter.startsWith('$')) this.#reserved += change;
  }

  #remove(level: Level<Holder, Terms>, rest: string | undefined, filter: string, holder: Holder): void {
    if (rest === level.rest) {
      if (level.holders?.delete(holder)) this.#count(filter, -1);
      if (level.holders?.size === 0) {
        level.holders = undefined;
        level.rest = undefined;
      }
      return;
    }
    if (rest === undefined) return;
    const [word, behind] = divided(rest);
    const next = level.next?.get(word);
    if (next === undefined) return;
    this.#remove(next, behind, filter, holder);
    if (next.holders !== undefined || next.next !== undefined) return;
    level.next!.delete(word);
    if (level.next!.size === 0) level.next = undefined;
  }
}

function newLevel<Holder, Terms>(rest: string | undefined): Level<Holder, Terms> {
  return { next: undefined, rest, holders: undefined };
}

/** Gives the rest of a filter a level of its own. */
function divide<Holder, Terms>(level: Level<Holder, Terms>): void {
  const [word, behind] = divided(level.rest!);
  level.next ??= new Map();
  level.next.set(word, { next: undefined, rest: behind, holders: level.holders });
  level.rest = undefined;
  level.holders = undefined;
}

/** The first level of a filter, and what is behind it. */
function divided(filter: string): readonly [string, string | undefined] {
  const slash = filter.indexOf('/');
  return slash === -1 ? [filter, undefined] : [filter.slice(0, slash), filter.slice(slash + 1)];
}

/**
 * @param at where the next level of the topic starts; behind its end if there is none.
 * @param isReserved whether wildcards do not match the next level [MQTT-4.7.2-1].
 * @param visit undefined: whether there is anybody is all that is asked.
 */
function visitFrom<Holder, Terms>(
  level: Level<Holder, Terms>,
  topic: string,
  at: number,
  isReserved: boolean,
  visit: Visit<Holder, Terms> | undefined,
): boolean {
  if (level.rest !== undefined)
    return (
      (at > topic.length ? level.rest === '#' : matchesRest(level.rest, topic, at)) && call(level, visit)
    );
  let found = at > topic.length && level.holders !== undefined && call(level, visit);
  const { next } = level;
  if (next === undefined || (found && visit === undefined)) return found;
  const open = isReserved ? undefined : next.get('#');
  if (open?.holders !== undefined && open.rest === undefined) found = call(open, visit) || found;
  if (at > topic.length || (found && visit === undefined)) return found;
  const slash = topic.indexOf('/', at);
  const end = slash === -1 ? topic.length : slash;
  const named = next.get(topic.slice(at, end));
  if (named !== undefined) found = visitFrom(named, topic, end + 1, false, visit) || found;
  if (isReserved || (found && visit === undefined)) return found;
  const any = next.get('+');
  if (any !== undefined) found = visitFrom(any, topic, end + 1, false, visit) || found;
  return found;
}

function call<Holder, Terms>(level: Level<Holder, Terms>, visit: Visit<Holder, Terms> | undefined): boolean {
  if (visit !== undefined) for (const [holder, terms] of level.holders!) visit(holder, terms);
  return true;
}

/** Whether the rest of a filter, which is not its beginning, matches the rest of a topic. */
function matchesRest(filter: string, topic: string, topicAt: number): boolean {
  let at = topicAt;
  for (let from = 0; ; ) {
    const slash = filter.indexOf('/', from);
    const end = slash === -1 ? filter.length : slash;
    const isWildcard = end - from === 1;
    if (isWildcard && filter[from] === '#') return true;
    if (at > topic.length) return false;
    const topicSlash = topic.indexOf('/', at);
    const topicEnd = topicSlash === -1 ? topic.length : topicSlash;
    const isSame = topicEnd - at === end - from && topic.startsWith(filter.slice(from, end), at);
    if (!isSame && !(isWildcard && filter[from] === '+')) return false;
    at = topicEnd + 1;
    if (slash === -1) return at > topic.length;
    from = slash + 1;
  }
}
