/** What a subscription takes in memory, at the worst: its place at the client, and its levels in the index. */
export function subscriptionBytes(filter: string): number {
  let levels = 1;
  for (let at = filter.indexOf('/'); at !== -1; at = filter.indexOf('/', at + 1)) levels += 1;
  return 700 + 150 * levels + 2 * filter.length;
}
