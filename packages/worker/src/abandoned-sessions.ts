import { knowsTopicsOf, parseSessionName, type SessionName } from './session-name.js';

export interface AbandonedSessions {
  /** Those that a worker may adopt: it has their topics, or they are not known. */
  readonly adoptable: readonly SessionName[];
  /** Those that no worker may: they have topics that none of the living has. */
  readonly stranded: readonly SessionName[];
}

/**
 * The abandoned sessions that concern the worker of session `ours`: those of its broker and group. A session that is
 * known under several names, as after a change of topics, is abandoned under all of them or under none, and to be
 * adopted only with the topics of all.
 */
export function abandonedSessions(
  sessions: readonly { readonly name: string; readonly abandoned: boolean }[],
  ours: SessionName,
): AbandonedSessions {
  const named = sessions.map(({ name, abandoned }) => ({ ...parseSessionName(name), abandoned }));
  const atOurBroker = named.filter(({ host }) => host === ours.host);
  const alive = atOurBroker.filter(({ abandoned }) => !abandoned);
  const aliveClients = new Set([ours, ...alive].map(({ clientId }) => clientId));
  const abandoned = atOurBroker.filter(
    ({ group, clientId }) => group === ours.group && !aliveClients.has(clientId),
  );
  const namesOf = new Map<string, SessionName[]>();
  for (const name of abandoned) {
    const names = namesOf.get(name.clientId);
    if (names === undefined) namesOf.set(name.clientId, [name]);
    else names.push(name);
  }
  const mayAdopt = (worker: SessionName, { clientId }: SessionName) =>
    namesOf.get(clientId)!.every((name) => name.topics === '' || knowsTopicsOf(worker, name));
  const workers = [ours, ...alive.filter(({ group }) => group === ours.group)];
  return {
    adoptable: abandoned.filter((session) => mayAdopt(ours, session)),
    stranded: abandoned.filter((session) => !workers.some((worker) => mayAdopt(worker, session))),
  };
}
