/**
 * The answers to each, in order. Each is asked for while the answers to those before are waited for and looked at, so that the
 * server works meanwhile; never more than `most` ahead.
 * @throws what `ask` throws, where that answer would stand.
 */
export async function* readAhead<T, A>(
  all: AsyncIterable<T>,
  most: number,
  ask: (one: T) => Promise<A>,
): AsyncIterable<A> {
  const asked: Promise<A>[] = [];
  for await (const one of all) {
    const next = ask(one);
    // It may fail when nobody wants it any more.
    next.catch(() => {});
    asked.push(next);
    if (asked.length > most) yield await asked.shift()!;
  }
  for (const one of asked) yield await one;
}
