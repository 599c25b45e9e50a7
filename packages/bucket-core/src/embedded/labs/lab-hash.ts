/**
 * The hash of a lab's name, an integer below 2^53: it orders the labs of a table. Two lanes of FNV-1a, mixed at the end.
 */
export function labHash(lab: string): number {
  let high = 0x811c9dc5;
  let low = 0x01234567;
  for (let i = 0; i < lab.length; i++) {
    const code = lab.charCodeAt(i);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x85ebca6b) ^ (low >>> 13);
  }
  return (mixed(high ^ low) & 0x1fffff) * 2 ** 32 + mixed(low ^ Math.imul(high, 0x9e3779b1));
}

/** A second hash, of 32 bits: names that agree in both are taken for the same. The chance is 2^-85 for each pair. */
export function labCheck(lab: string): number {
  let hash = 0x2545f491 ^ lab.length;
  for (let i = 0; i < lab.length; i++) {
    hash = Math.imul(hash ^ lab.charCodeAt(i), 0xcc9e2d51);
    hash = (hash << 15) | (hash >>> 17);
  }
  return mixed(hash);
}

function mixed(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
