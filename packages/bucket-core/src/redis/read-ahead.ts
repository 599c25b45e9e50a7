/** How far a reading may be ahead of whoever takes its pages. */
export interface AheadLimits {
  /** Always. */
  readonly least: number;
  /** While pages are waited for, if there is room for it. */
  readonly most: number;
}

/** What all readings of a process together may be ahead, beyond what each may always be: bounds what slow readers hold. */
export class AheadRoom {
  constructor(public left: number) {}
}

/**
 * The answers to each, in order. Each is asked for while the answers to those before are waited for and looked at, so that the
 * server works meanwhile. Who is faster than the server has more asked for: a process and a server that wait for each other
 * at each answer are both idle half of the time. Who is slower does not.
 * @throws what `ask` throws, where that answer would stand.
 */
export async function* readAhead<T, A>(
  all: AsyncIterable<T>,
  { least, most }: AheadLimits,
  room: AheadRoom,
  ask: (one: T) => Promise<A>,
): AsyncIterable<A> {
  const asked: { readonly answer: Promise<A>; isThere: boolean }[] = [];
  let ahead = least;
  const next = () => {
    const first = asked.shift()!;
    if (!first.isThere) {
      const more = Math.min(ahead, most - ahead, room.left);
      ahead += more;
      room.left -= more;
    }
    return first.answer;
  };
  try {
    for await (const one of all) {
      const asking = { answer: ask(one), isThere: false };
      const note = () => {
        asking.isThere = true;
      };
      // It may fail when nobody wants it any more.
      asking.answer.then(note, note);
      asked.push(asking);
      if (asked.length > ahead) yield await next();
    }
    while (asked.length > 0) yield await next();
  } finally {
    room.left += ahead - least;
  }
}
