import { createHash } from 'node:crypto';

/** Longer lists of topics are named by their hash: stores have limits for names. */
const TOPICS_BYTES_MAX = 1000;

/**
 * Names a worker's session at a broker, for other workers, by what they have to know to take it over. Written as
 * `topics host group clientId`; of these only topics may have blanks. Earlier versions wrote no topics.
 */
export interface SessionName {
  /** As it is written. */
  readonly text: string;
  /** The topic filters, sorted, with commas between, or `#` and their hash. Empty if not known. */
  readonly topics: string;
  /** Host and port of the broker. */
  readonly host: string;
  readonly group: string;
  /** One session at the broker has one client id, under however many names it is known. */
  readonly clientId: string;
}

export function sessionName(
  filters: readonly string[],
  url: string,
  group: string,
  clientId: string,
): SessionName {
  return parseSessionName([topicsText(filters), new URL(url).host, group, clientId].join(' '));
}

export function parseSessionName(text: string): SessionName {
  const parts = text.split(' ');
  const [host = '', group = '', clientId = ''] = parts.slice(-3);
  return { text, topics: parts.slice(0, -3).join(' '), host, group, clientId };
}

/** The topic filters of a session; undefined if its name does not tell. */
export function filtersOf({ topics }: SessionName): readonly string[] | undefined {
  // As a filter, # stands alone or before a comma.
  return topics === '' || /^#[^,]/.test(topics) ? undefined : topics.split(',');
}

/** Whether a worker with the topics of `ours` knows what to do with everything in the session. */
export function knowsTopicsOf(ours: SessionName, session: SessionName): boolean {
  if (session.topics === ours.topics) return true;
  const known = filtersOf(ours);
  return known !== undefined && filtersOf(session)?.every((filter) => known.includes(filter)) === true;
}

/** What a worker of a group subscribes to; nothing is shared in the group without a name. */
export function subscriptionsOf(filters: readonly string[], group: string): readonly string[] {
  return filters.map((filter) => (group === '' ? filter : `$share/${group}/${filter}`));
}

function topicsText(filters: readonly string[]): string {
  const text = filters.toSorted().join(',');
  if (Buffer.byteLength(text) <= TOPICS_BYTES_MAX) return text;
  return `#${createHash('sha256').update(text).digest('hex')}`;
}
