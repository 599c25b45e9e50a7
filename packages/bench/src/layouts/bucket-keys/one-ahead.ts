/**
 * The answers to each, in order. Each is asked for while its predecessor's answer is looked at, so that the server works
 * meanwhile; never more than one ahead.
 * @throws what `ask` throws, where that answer would stand.
 */
export async function* oneAhead<T, A>(all: AsyncIterable<T>, ask: (one: T) => Promise<A>): AsyncIterable<A> {
  let asked: Promise<A> | undefined;
  for await (const one of all) {
    const next = ask(one);
    // It may fail when nobody wants it any more.
    next.catch(() => {});
    if (asked !== undefined) yield await asked;
    asked = next;
  }
  if (asked !== undefined) yield await asked;
}
