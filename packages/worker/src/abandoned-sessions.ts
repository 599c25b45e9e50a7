import { readSession, type StoredSession, sessionName, type WorkerSession } from './session-record.js';

export interface AbandonedSessions {
  /** Those that a worker may adopt: it has their topics. */
  readonly adoptable: readonly WorkerSession[];
  /** Those that no worker may: they have topics that none of the living has. */
  readonly stranded: readonly WorkerSession[];
}

/** The abandoned sessions that concern the worker of session `ours`: those of its broker and group. */
export function abandonedSessions(stored: readonly StoredSession[], ours: WorkerSession): AbandonedSessions {
  const { alive, abandoned } = atBrokerOf(ours, stored);
  // One session at the broker has one client id, under whatever group it was recorded.
  const aliveClients = new Set([ours, ...alive].map(({ clientId }) => clientId));
  const left = abandoned.filter(({ group, clientId }) => group === ours.group && !aliveClients.has(clientId));
  const workers = [ours, ...alive.filter(({ group }) => group === ours.group)];
  return {
    adoptable: left.filter((session) => hasTopicsOf(ours, session)),
    stranded: left.filter((session) => !workers.some((worker) => hasTopicsOf(worker, session))),
  };
}

/** Whether another worker of our group and broker is alive that has subscribed to all topics of ours. */
export function hasPartner(stored: readonly StoredSession[], ours: WorkerSession): boolean {
  return atBrokerOf(ours, stored).alive.some(
    (other) =>
      other.isSubscribed &&
      other.group === ours.group &&
      other.clientId !== ours.clientId &&
      hasTopicsOf(other, ours),
  );
}

/** All that is recorded of a client id at a broker, ours or of an earlier run in another group. */
export function sessionsOfClient(
  stored: readonly StoredSession[],
  ours: WorkerSession,
): readonly WorkerSession[] {
  const { alive, abandoned } = atBrokerOf(ours, stored);
  return [...alive, ...abandoned].filter(({ clientId }) => clientId === ours.clientId);
}

function atBrokerOf({ host }: WorkerSession, stored: readonly StoredSession[]) {
  const sessions = stored.flatMap(({ name, value, abandoned }) => {
    const session = readSession(value);
    const isOne = session !== undefined && session.host === host && sessionName(session) === name;
    return isOne ? [{ session, abandoned }] : [];
  });
  return {
    alive: sessions.filter(({ abandoned }) => !abandoned).map(({ session }) => session),
    abandoned: sessions.filter(({ abandoned }) => abandoned).map(({ session }) => session),
  };
}

function hasTopicsOf(worker: WorkerSession, session: WorkerSession): boolean {
  return session.topics.every((topic) => worker.topics.includes(topic));
}
