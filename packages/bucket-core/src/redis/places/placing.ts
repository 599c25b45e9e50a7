import { createHash } from 'node:crypto';
import { PLACES, tagOf } from '../keys.js';

/**
 * Which of these servers gets which place: rendezvous hashing (Thaler and Ravishankar 1998) with a bound, so that none gets more
 * than its share rounded up. Of 256 places on 8 servers one would get 41 without it, and be full when the others are not.
 * @param ownerOf the server that has a place now, if there is one: it keeps what is within its share, so no more is moved than must be
 * @returns for each place an index into `names`, which depends on the set of names and not on their order
 */
export function evenPlaces(
  names: readonly string[],
  ownerOf: (place: number) => string | undefined = () => undefined,
): readonly number[] {
  const left = names.map(() => Math.ceil(PLACES.length / names.length));
  const bids = PLACES.flatMap((place) => {
    const owner = ownerOf(place);
    return names.map((name, index) => ({
      place,
      index,
      isOwner: name === owner,
      score: scoreOf(name, place),
    }));
  });
  // Owners first, then the highest score of all.
  bids.sort((a, b) => Number(b.isOwner) - Number(a.isOwner) || (a.score > b.score ? -1 : 1));
  const indices: number[] = new Array(PLACES.length).fill(-1);
  for (const { place, index } of bids) {
    if (indices[place] !== -1 || left[index] === 0) continue;
    indices[place] = index;
    left[index]! -= 1;
  }
  return indices;
}

function scoreOf(name: string, place: number): string {
  return createHash('sha256')
    .update(`${name} ${tagOf(place)}`)
    .digest('hex');
}
