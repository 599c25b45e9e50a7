/** Longer lists of topics take several names: stores have limits for names. */
const TOPICS_BYTES_MAX = 1000;

/**
 * A worker's session at a broker is known under several names. One is `host group clientId`: the word left under it
 * tells who serves the session, whatever its topics. The others, `topics host group clientId`, tell what a worker has to
 * know to take it over; earlier versions did not write them. Only topics may have blanks.
 */
export interface SessionName {
  /** As it is written. */
  readonly text: string;
  /** Topic filters of the session, sorted; none if the name does not tell. */
  readonly filters: readonly string[];
  /** Host and port of the broker. */
  readonly host: string;
  readonly group: string;
  /** One session at the broker has one client id, under however many names it is known. */
  readonly clientId: string;
}

/** All names of a session: first the one of who serves it, then those of its topics. */
export function sessionNames(
  filters: readonly string[],
  url: string,
  group: string,
  clientId: string,
): readonly [SessionName, ...SessionName[]] {
  const served = servedName({ host: new URL(url).host, group, clientId });
  const withTopics = topicsTexts(filters).map((topics) => parseSessionName(`${topics} ${served}`));
  return [parseSessionName(served), ...withTopics];
}

export function parseSessionName(text: string): SessionName {
  const parts = text.split(' ');
  const [host = '', group = '', clientId = ''] = parts.slice(-3);
  const topics = parts.slice(0, -3).join(' ');
  return { text, filters: topics === '' ? [] : topics.split(','), host, group, clientId };
}

/** The name under which the word is left of who serves a session. */
export function servedName({ host, group, clientId }: Omit<SessionName, 'text' | 'filters'>): string {
  return `${host} ${group} ${clientId}`;
}

/** What a worker of a group subscribes to; nothing is shared in the group without a name. */
export function subscriptionsOf(filters: readonly string[], group: string): readonly string[] {
  return filters.map((filter) => (group === '' ? filter : `$share/${group}/${filter}`));
}

/** The filters, sorted, with commas between, in texts that are short enough; a filter is never split. */
function topicsTexts(filters: readonly string[]): readonly string[] {
  const texts: string[] = [];
  for (const filter of filters.toSorted()) {
    const longer = texts.length === 0 ? filter : `${texts.at(-1)},${filter}`;
    if (texts.length > 0 && Buffer.byteLength(longer) <= TOPICS_BYTES_MAX) texts[texts.length - 1] = longer;
    else texts.push(filter);
  }
  return texts;
}
