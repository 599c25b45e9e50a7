/** What `of` gives for 0, 1, 2 and so on. */
export function times<T>(count: number, of: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => of(i));
}
