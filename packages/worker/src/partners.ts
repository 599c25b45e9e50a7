import { parseSessionName, type SessionName } from './session-name.js';

/** Whether another worker of our group and broker is alive that has all topics of ours. */
export function hasPartner(
  sessions: readonly { readonly name: string; readonly abandoned: boolean }[],
  ours: readonly [SessionName, ...SessionName[]],
): boolean {
  const [{ host, group, clientId }] = ours;
  const topics = new Map<string, Set<string>>();
  for (const { name: text, abandoned } of sessions) {
    const name = parseSessionName(text);
    if (abandoned || name.host !== host || name.group !== group || name.clientId === clientId) continue;
    const known = topics.get(name.clientId) ?? new Set();
    for (const filter of name.filters) known.add(filter);
    topics.set(name.clientId, known);
  }
  const wanted = ours.flatMap(({ filters }) => filters);
  return [...topics.values()].some((known) => wanted.every((filter) => known.has(filter)));
}
