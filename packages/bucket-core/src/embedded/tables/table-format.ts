/**
 * A table: what was saved at one time, sorted, in a file that never changes. Little-endian.
 *
 *     64 bytes  head: 'humtemp table 3\n', u32 folder, f64 number (at 24)
 *     …         blocks: entries of one section each, in order
 *     …         index: for each section where its blocks are, from which key on, and their CRC-32
 *     64 bytes  foot: 'humtemp table 3\n', f64 where the index begins (16), u32 its bytes (24), u32 its CRC-32 (28),
 *               u32 CRC-32 of the head (32), u32 CRC-32 of the 36 bytes before (36)
 *
 * A section holds one kind of value, for one time, of many labs. Within it, entries stand in the order of the hashes
 * of their labs, and the labs of one hash in the order of their names:
 *
 *     f64 hash, u32 bytes of the value, u8 bytes of the name, name, value
 *
 * In sections of names, entries stand in the order of the names. There may be several sections of the same kind and
 * time: what belongs together is put together by whoever reads.
 */
export const TABLE_MAGIC = 'humtemp table 3\n';
export const END_BYTES = 64;
export const ENTRY_HEAD_BYTES = 13;
/** A block is written once it has so many bytes; an entry that is longer has one of its own. */
export const BLOCK_BYTES = 16 * 1024;

/**
 * Kinds of sections:
 *
 *     bucket      a: duration, b: start    → a packed aggregate. A lab's bucket is the sum of all that there are
 *     identities  a: hour                  → chunks: u32 number, u32 zero, f64 expiry, then that many f64, sorted
 *     rows        a: hour                  → rows of a batch as they came, which are identities as well
 *     heads                                → f64 newest timestamp, u32 identities of its hour, u32 check of the name
 *     names                                → nothing
 */
export const SECTION = { bucket: 1, identities: 2, rows: 3, heads: 4, names: 5 } as const;

export type SectionKind = (typeof SECTION)[keyof typeof SECTION];

/** What names a section within the index of a table. */
export function sectionName(kind: SectionKind, a: number, b: number): string {
  return `${kind} ${a} ${b}`;
}
