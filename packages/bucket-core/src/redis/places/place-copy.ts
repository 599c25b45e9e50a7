import { reachS } from '../../grid/bucket-grid.js';
import type { FixedServers, Member } from '../fixed-servers.js';
import { BOOKS, type Keys, PLACES } from '../keys.js';
import type { PageGrid } from '../pages/page-grid.js';
import { isWrongType } from '../redis-errors.js';
import { arrivedText, type Moved, movedText } from './place-map.js';

/** Labs whose heads, and labs all of whose keys, are copied at a time: bounds how long a server serves nobody else. */
const HEADS_AT_ONCE = 128;
const KEYS_AT_ONCE = 2000;
/** Arguments for members of an index, a list or a hash in one command; an even number. */
const ARGUMENTS_AT_ONCE = 1000;
const SCAN_COUNT = 5000;

/** What of a place is copied: its labs by their generation, and how much. */
export interface Copied {
  readonly labs: number;
  readonly bytes: number;
}

type Argument = string | Buffer;

/** Copies what belongs to a place from one server to another, and deletes it. The only caller of take, put, drop and expect. */
export class PlaceCopy {
  constructor(
    readonly keys: Keys,
    readonly pages: PageGrid,
  ) {}

  /** @param held what the server keeps of the place; if it is something else by now, nothing is done and false returned */
  async expect(to: Member, place: number, held: Moved | undefined, token: string): Promise<boolean> {
    const { keys } = this;
    const before = held === undefined ? '' : movedText(held);
    const incoming = keys.incoming(place);
    return (await to.link.commits.humtemp_expect(2, keys.places(), incoming, place, before, token)) === 1;
  }

  /**
   * Copies what may change meanwhile, so that less is left for when nobody writes.
   * @returns the generation of each lab at that moment: if it is still the same later, so are its pages; undefined when the
   * server expects another attempt by now
   */
  async first(
    place: number,
    from: Member,
    to: Member,
    token: string,
  ): Promise<ReadonlyMap<string, number> | undefined> {
    const known = new Map<string, number>();
    if (place === BOOKS) return known;
    const pages = this.#pagesOf();
    const sink = new Sink(this.keys.incoming(place), to, token);
    for (const labs of chunksOf(await this.#labsOf(place, from), this.#labsAtOnce(pages))) {
      const heads = await this.#copyLabs(labs, from, sink, pages).catch(unlessUnexpected);
      if (heads === undefined) return undefined;
      for (const [i, lab] of labs.entries()) {
        const generation = generationOf(heads[i]);
        if (generation !== undefined) known.set(lab, generation);
      }
    }
    return known;
  }

  /**
   * Copies all that is not known to be copied, while nobody writes, and notes that all has arrived.
   * @param renew is called again and again while it lasts
   * @returns undefined when the server expects another attempt by now
   */
  async everything(
    place: number,
    from: Member,
    to: Member,
    token: string,
    renew: () => Promise<void>,
    known: ReadonlyMap<string, number> = new Map(),
  ): Promise<Copied | undefined> {
    const sink = new Sink(this.keys.incoming(place), to, token);
    let labs = 0;
    const copy = async () => {
      if (place === BOOKS) await this.#copyBooks(from, sink, renew);
      else labs = await this.#copyPartition(place, from, sink, renew, known);
      await sink.put([], arrivedText(token));
      return { labs, bytes: sink.bytes };
    };
    return copy().catch(unlessUnexpected);
  }

  /** Whether there are labs of a place, or an old copy of them. */
  async hasLabs(place: number, { link }: Member): Promise<boolean> {
    const { keys } = this;
    if (place === BOOKS)
      return (await link.commits.exists(keys.rejections(), keys.ledgers(), keys.sessions())) > 0;
    return (await link.commits.exists(keys.labs(place), keys.names(place), keys.counts(place))) > 0;
  }

  /** Deletes the old copy of a place. @returns false if the place is here again */
  async drop(place: number, from: Member, gone: Moved): Promise<boolean> {
    const { keys } = this;
    const drop = async (some: readonly string[]) =>
      (await from.link.commits.humtemp_drop(
        1 + some.length,
        keys.places(),
        ...some,
        place,
        movedText(gone),
      )) === 1;
    if (place === BOOKS) {
      const names = await this.#bookKeys(from);
      for (const some of chunksOf(names, KEYS_AT_ONCE)) if (!(await drop(some))) return false;
      return true;
    }
    const pages = this.#pagesOf();
    for (const labs of chunksOf(await this.#labsOf(place, from), this.#labsAtOnce(pages)))
      if (!(await drop(labs.flatMap((lab) => this.#keysOf(lab, pages))))) return false;
    // The indexes go last: by them it is found what is left, if this ends before.
    return drop([
      keys.late(place),
      keys.names(place),
      keys.labs(place),
      keys.counts(place),
      keys.incoming(place),
    ]);
  }

  /**
   * Looks through all keys of a server for what is left of places that are elsewhere: pages of an earlier configuration, values that
   * were set aside. They are put where their place is, unless something is there.
   */
  async clearLeft(member: Member, servers: FixedServers): Promise<void> {
    const elsewhere = new Set(
      PLACES.filter((place) => {
        const moved = member.map?.moved.get(place);
        return moved !== undefined && moved.owner !== member.name && !servers.isOnItsWay(place, true);
      }),
    );
    if (elsewhere.size === 0) return;
    for await (const found of this.#scan(member, `${globOf(this.keys.prefix)}{*`)) {
      const left = found.filter((key) => elsewhere.has(this.keys.placeOf(key)) && !this.#staysBehind(key));
      for (const key of left) {
        const place = this.keys.placeOf(key);
        const { commits } = member.link;
        const [value, leftMs] = await Promise.all([commits.dumpBuffer(key), commits.pttl(key)]);
        if (value !== null)
          await servers
            .linkOf(place)
            .commits.restore(key, Math.max(0, leftMs), value)
            .catch((error: Error) => {
              if (!error.message.includes('BUSYKEY')) throw error;
            });
        const gone = movedText(member.map!.moved.get(place)!);
        await commits.humtemp_drop(2, this.keys.places(), key, place, gone);
      }
    }
  }

  /** Records of calls stay where the calls went, and expire; the map and the layout are each server's own. */
  #staysBehind(key: string): boolean {
    const rest = key.slice(key.indexOf('}:') + 2);
    return /^(done:|probe|incoming$|layout$|places$|stamp$|admission$)/.test(rest);
  }

  async #copyPartition(
    place: number,
    from: Member,
    sink: Sink,
    renew: () => Promise<void>,
    known: ReadonlyMap<string, number>,
  ): Promise<number> {
    const { keys } = this;
    const pages = this.#pagesOf();
    const labs = await this.#labsOf(place, from);
    const changed: string[] = [];
    for (const some of chunksOf(labs, HEADS_AT_ONCE)) {
      const heads = await this.#take(
        from,
        some.map((lab) => keys.head(lab)),
      );
      const puts: Put[] = [];
      for (const [i, lab] of some.entries()) {
        const head = heads[i]!;
        if (known.has(lab) && known.get(lab) === generationOf(head.value)) puts.push(putOf(head));
        else changed.push(lab);
      }
      await sink.put(puts);
      await renew();
    }
    for (const some of chunksOf(changed, this.#labsAtOnce(pages))) {
      await this.#copyLabs(some, from, sink, pages);
      await renew();
    }
    for (const key of [keys.labs(place), keys.names(place), keys.late(place)])
      await this.#copySet(key, from, sink);
    await this.#copyHash(keys.counts(place), from, sink);
    return labs.length;
  }

  /** @returns the heads */
  async #copyLabs(
    labs: readonly string[],
    from: Member,
    sink: Sink,
    pages: readonly PageOf[],
  ): Promise<(Buffer | null)[]> {
    const values = await this.#take(
      from,
      labs.flatMap((lab) => this.#keysOf(lab, pages)),
    );
    await sink.put(values.map(putOf));
    return labs.map((_, i) => values[i * (1 + pages.length)]!.value);
  }

  async #copyBooks(from: Member, sink: Sink, renew: () => Promise<void>): Promise<void> {
    for (const key of await this.#bookKeys(from)) {
      const type = await from.link.commits.type(key);
      if (type === 'string') await sink.put((await this.#take(from, [key])).map(putOf));
      else if (type === 'hash') await this.#copyHash(key, from, sink);
      else if (type === 'list') await this.#copyList(key, from, sink);
      await renew();
    }
  }

  async #bookKeys(from: Member): Promise<string[]> {
    const { keys } = this;
    const found = new Set<string>();
    for await (const some of this.#scan(from, `${globOf(keys.prefix)}{books}:*`))
      for (const key of some) if (!this.#staysBehind(key)) found.add(key);
    return [...found];
  }

  async *#scan({ link }: Member, match: string): AsyncIterable<readonly string[]> {
    let cursor = '0';
    do {
      const [next, some] = await link.commits.scan(cursor, 'MATCH', match, 'COUNT', SCAN_COUNT);
      cursor = next;
      yield some;
    } while (cursor !== '0');
  }

  async #copySet(key: string, { link }: Member, sink: Sink): Promise<void> {
    const isSet = (await link.commits.type(key)) === 'zset';
    const all = isSet ? await link.commits.zrange(key, '0', '-1', 'WITHSCORES') : [];
    const args: Argument[] = [];
    for (let i = 0; i < all.length; i += 2) args.push(all[i + 1]!, all[i]!);
    await sink.putAnew(key, 'z', '0', args);
  }

  async #copyHash(key: string, { link }: Member, sink: Sink): Promise<void> {
    const isHash = (await link.commits.type(key)) === 'hash';
    const fields = isHash ? Object.entries(await link.commits.hgetallBuffer(key)) : [];
    await sink.putAnew(key, 'h', await this.#expiryOf(key, link), fields.flat());
  }

  async #copyList(key: string, { link }: Member, sink: Sink): Promise<void> {
    const all = await link.commits.lrangeBuffer(key, 0, -1);
    await sink.putAnew(key, 'l', await this.#expiryOf(key, link), all);
  }

  async #expiryOf(key: string, { commits }: Member['link']): Promise<string> {
    const leftMs = await commits.pttl(key);
    return leftMs < 0 ? '0' : String(Date.now() + leftMs);
  }

  /** The labs of a partition, by both of its indexes. */
  async #labsOf(place: number, { link }: Member): Promise<string[]> {
    const { keys } = this;
    // One that is of another type is set aside by whoever commits next; then it is made anew.
    const indexes = [keys.names(place), keys.labs(place)].map((key) =>
      link.commits.zrange(key, '0', '-1').catch((error: unknown) => {
        if (!isWrongType(error)) throw error;
        return [];
      }),
    );
    return [...new Set((await Promise.all(indexes)).flat())];
  }

  async #take({ link }: Member, names: readonly string[]): Promise<Taken[]> {
    const reply = await link.commits.humtemp_takeBuffer(names.length, ...names);
    return names.map((key, i) => ({ key, value: reply[2 * i]!, expiryMs: String(reply[2 * i + 1]) }));
  }

  #keysOf(lab: string, pages: readonly PageOf[]): string[] {
    return [this.keys.head(lab), ...pages.map((page) => page(this.keys, lab))];
  }

  #labsAtOnce(pages: readonly PageOf[]): number {
    return Math.max(1, Math.floor(KEYS_AT_ONCE / (1 + pages.length)));
  }

  /** All pages that a lab may have. */
  #pagesOf(): PageOf[] {
    const { pages } = this;
    const { resolutions } = pages.grid;
    const nowS = Math.floor(Date.now() / 1000);
    const longestS = Math.max(pages.horizonS, ...resolutions.map((one) => reachS(one) + one.durationS));
    const [fromS, toS] = [nowS - longestS, nowS + 86_400];
    const all: PageOf[] = [];
    for (let page = pages.rawPage(fromS * 1000); pages.rawStartMs(page) < toS * 1000; page++)
      all.push((keys, lab) => keys.rawPage(lab, page));
    for (const one of resolutions) {
      const spanS = pages.aggregateSpanS(one);
      const firstS = pages.aggregateStartS(one, nowS - reachS(one) - one.durationS);
      for (let startS = firstS; startS < toS; startS += spanS)
        all.push((keys, lab) => keys.aggregatePage(lab, one.durationS, startS));
    }
    return all;
  }
}

type PageOf = (keys: Keys, lab: string) => string;

/** A value of a string. */
interface Taken {
  readonly key: string;
  readonly value: Buffer | null;
  readonly expiryMs: string;
}

/** What put.lua is given for a key. */
interface Put {
  readonly key: string;
  readonly what: 'd' | 's' | 'z' | 'h' | 'l';
  readonly expiryMs: string;
  readonly args: readonly Argument[];
}

function putOf({ key, value, expiryMs }: Taken): Put {
  return value === null
    ? { key, what: 'd', expiryMs: '0', args: [] }
    : { key, what: 's', expiryMs, args: [value] };
}

/** Another attempt is expected by now. */
class Unexpected extends Error {}

function unlessUnexpected(error: unknown): undefined {
  if (!(error instanceof Unexpected)) throw error;
}

/** Where a place is put. */
class Sink {
  bytes = 0;

  constructor(
    readonly incoming: string,
    readonly to: Member,
    readonly token: string,
  ) {}

  /** @throws Unexpected */
  async put(puts: readonly Put[], arrived = ''): Promise<void> {
    if (puts.length === 0 && arrived === '') return;
    const args: (Argument | number)[] = [this.token, arrived];
    for (const { what, expiryMs, args: own } of puts) {
      args.push(what, expiryMs, own.length, ...own);
      for (const one of own) this.bytes += Buffer.isBuffer(one) ? one.length : String(one).length;
    }
    const names = puts.map(({ key }) => key);
    const answer = await this.to.link.commits.humtemp_put(1 + names.length, this.incoming, ...names, ...args);
    if (answer !== 1) throw new Unexpected();
  }

  /** Puts all members of a key in the place of whatever is there. */
  async putAnew(key: string, what: Put['what'], expiryMs: string, args: readonly Argument[]): Promise<void> {
    let before: Put[] = [{ key, what: 'd', expiryMs: '0', args: [] }];
    for (const some of chunksOf(args, ARGUMENTS_AT_ONCE)) {
      await this.put([...before, { key, what, expiryMs, args: some }]);
      before = [];
    }
    await this.put(before);
  }
}

/** The generation of a head (pages/head.ts); undefined if there is no sound one. */
function generationOf(head: Buffer | null | undefined): number | undefined {
  return head && head.length >= 9 ? head.readUInt32LE(5) : undefined;
}

function* chunksOf<T>(all: readonly T[], size: number): Iterable<readonly T[]> {
  for (let i = 0; i < all.length; i += size) yield all.slice(i, i + size);
}

/** A text in a pattern that stands for itself. */
function globOf(text: string): string {
  return text.replace(/[\\*?[\]^]/g, '\\$&');
}
