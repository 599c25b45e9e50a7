import { parseSessionName, type SessionName } from './session-name.js';

export interface AbandonedSession {
  readonly clientId: string;
  /** All under which it is known. */
  readonly names: readonly string[];
  /** The topics of all its names, those of earlier runs too; none if they are not known. */
  readonly filters: readonly string[];
}

export interface AbandonedSessions {
  /** Those that a worker may adopt: it has their topics, or they are not known. */
  readonly adoptable: readonly AbandonedSession[];
  /** Those that no worker may: they have topics that none of the living has. */
  readonly stranded: readonly AbandonedSession[];
}

/**
 * The abandoned sessions that concern the worker of session `ours`: those of its broker and group. A session is
 * abandoned under all its names or under none, and to be adopted only with the topics of all.
 */
export function abandonedSessions(
  sessions: readonly { readonly name: string; readonly abandoned: boolean }[],
  ours: readonly [SessionName, ...SessionName[]],
): AbandonedSessions {
  const [{ host, group }] = ours;
  const named = sessions.map(({ name, abandoned }) => ({ ...parseSessionName(name), abandoned }));
  const atOurBroker = named.filter((name) => name.host === host);
  const alive = [...ours, ...atOurBroker.filter(({ abandoned }) => !abandoned)];
  const aliveClients = new Set(alive.map(({ clientId }) => clientId));
  const ofOurGroup = (names: readonly SessionName[]) =>
    byClient(names.filter((name) => name.group === group));
  const abandoned = ofOurGroup(atOurBroker.filter(({ clientId }) => !aliveClients.has(clientId)));
  const adoptableBy = (worker: readonly string[]) => (session: AbandonedSession) =>
    session.filters.every((filter) => worker.includes(filter));
  const workers = ofOurGroup(alive).map(({ filters }) => filters);
  return {
    adoptable: abandoned.filter(adoptableBy(ours.flatMap(({ filters }) => filters))),
    stranded: abandoned.filter((session) => !workers.some((worker) => adoptableBy(worker)(session))),
  };
}

function byClient(names: readonly SessionName[]): readonly AbandonedSession[] {
  return [...new Set(names.map(({ clientId }) => clientId))].map((clientId) => {
    const its = names.filter((name) => name.clientId === clientId);
    return { clientId, names: its.map(({ text }) => text), filters: its.flatMap(({ filters }) => filters) };
  });
}
