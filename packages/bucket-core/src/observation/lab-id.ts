/** Room for a long name with each of its foreign bytes written as three characters. A byte holds the length. */
export const LAB_ID_LENGTH_MAX = 200;

/** What a lab id may begin with. */
export const LAB_PREFIX_PATTERN = `^[A-Za-z0-9/_.-]{1,${LAB_ID_LENGTH_MAX}}$`;

/**
 * 1 to 200 of `A-Z a-z 0-9 / _ - .`, which keeps a lab id harmless in topics, keys and URLs. Not `.` or `..`: clients take
 * these out of a path, also as `%2E`, so that no URL would lead to such a lab.
 */
export const LAB_ID_PATTERN = `^(?!\\.{1,2}$)${LAB_PREFIX_PATTERN.slice(1)}`;

const idPattern = new RegExp(LAB_ID_PATTERN);
const prefixPattern = new RegExp(LAB_PREFIX_PATTERN);

export function isLabId(text: string): boolean {
  return idPattern.test(text);
}

export function isLabPrefix(text: string): boolean {
  return prefixPattern.test(text);
}

/** How many partitions of labs there are, whatever the number of servers. Part of the key layout: never change it. */
export const LAB_PARTITIONS = 256;

/** The partition of a lab, 0 … LAB_PARTITIONS − 1: FNV-1a of the id's characters. */
export function labPartition(lab: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < lab.length; i++) hash = Math.imul(hash ^ lab.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % LAB_PARTITIONS;
}
