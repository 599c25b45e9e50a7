/** Where a place is that was moved once, as a server keeps it. */
export interface Moved {
  /** Rises by one with each change: of two that speak of a place, the one with the higher number is true. */
  readonly epoch: number;
  /** The name of the server that has the place. */
  readonly owner: string;
  /** Who had it before, and may still have an old copy. */
  readonly from?: string;
  /** Names the attempt to move it. */
  readonly token?: string;
  /** While it is copied: the server that gets it. Nobody writes then. */
  readonly to?: string;
  /** While it is copied: the owner takes it back after this time of its own clock, Unix ms. */
  readonly untilMs?: number;
}

/** What one server keeps of places that were moved. Those that never were are not in it: they are where `evenPlaces` puts them. */
export interface PlaceMap {
  /** Another after each change that concerns what the server has; empty: nothing ever moved. */
  readonly stamp: string;
  readonly moved: ReadonlyMap<number, Moved>;
}

export const NOTHING_MOVED: PlaceMap = { stamp: '', moved: new Map() };

/** As it is kept: the epoch first, so that a script can compare. */
export function movedText(moved: Moved): string {
  const { epoch, ...others } = moved;
  return `${epoch} ${JSON.stringify(others)}`;
}

/** @throws when it is no such text */
export function parseMoved(text: string): Moved {
  const space = text.indexOf(' ');
  const epoch = Number(text.slice(0, space));
  if (!(epoch > 0)) throw new Error(`no place of a server: ${text}`);
  return { epoch, ...(JSON.parse(text.slice(space)) as Omit<Moved, 'epoch'>) };
}

/** @param fields of a hash: place, text, place, text … */
export function parsePlaceMap(stamp: string, fields: readonly string[]): PlaceMap {
  const moved = new Map<number, Moved>();
  for (let i = 0; i < fields.length; i += 2) moved.set(Number(fields[i]), parseMoved(fields[i + 1]!));
  return { stamp, moved };
}

/** Adds to `known` what is newer in another map. */
export function learn(known: Map<number, Moved>, { moved }: PlaceMap): void {
  for (const [place, one] of moved) if (one.epoch > (known.get(place)?.epoch ?? 0)) known.set(place, one);
}

/** What the key of an arriving place holds once all of it is there. */
export function arrivedText(token: string): string {
  return token === '' ? '' : `${token} arrived`;
}
