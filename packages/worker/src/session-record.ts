/** A worker's session at a broker, as it is recorded in the store for other workers to know. */
export interface WorkerSession {
  /** Host and port of the broker. */
  readonly host: string;
  readonly group: string;
  /** Names the session at the broker. */
  readonly clientId: string;
  /** Topic filters that the broker may be handing it publishes for. */
  readonly topics: readonly string[];
  /**
   * Whether its worker has subscribed to all of them in this run: until then, nothing may wait for it at the
   * broker.
   */
  readonly isSubscribed: boolean;
}

/** What the store has of a session. */
export interface StoredSession {
  readonly name: string;
  readonly value: string;
  readonly abandoned: boolean;
}

/** The session of a worker with these topics. */
export function sessionOf(
  topics: readonly string[],
  url: string,
  group: string,
  clientId: string,
): WorkerSession {
  const { host } = new URL(url);
  return { host, group, clientId, topics: topics.toSorted(), isSubscribed: false };
}

/** The name of its record: the same whatever its topics. */
export function sessionName({
  host,
  group,
  clientId,
}: Pick<WorkerSession, 'host' | 'group' | 'clientId'>): string {
  return `${host} ${group} ${clientId}`;
}

/** The value of its record. */
export function sessionValue(session: WorkerSession): string {
  const { host, group, clientId, topics, isSubscribed } = session;
  return JSON.stringify({ host, group, clientId, topics, isSubscribed });
}

/** The session of a record; undefined if it is none of a worker. */
export function readSession(value: string): WorkerSession | undefined {
  try {
    const read = JSON.parse(value) as Record<string, unknown>;
    const { host, group, clientId, topics, isSubscribed } = read;
    const isOne =
      typeof isSubscribed === 'boolean' &&
      [host, group, clientId].every((text) => typeof text === 'string') &&
      Array.isArray(topics) &&
      topics.every((topic) => typeof topic === 'string');
    return isOne ? ({ host, group, clientId, topics, isSubscribed } as WorkerSession) : undefined;
  } catch {
    return undefined;
  }
}

/** What a worker of a group subscribes to; nothing is shared in the group without a name. */
export function subscriptionsOf(filters: readonly string[], group: string): readonly string[] {
  return filters.map((filter) => (group === '' ? filter : `$share/${group}/${filter}`));
}
