import type { ClientRegistry } from '../client/client-registry.js';
import type { Admission } from '../connection/admission.js';
import type { Connection } from '../connection/connection.js';
import type { SlowLane } from '../lanes/slow-lane.js';
import type { DelayedWills } from '../mqtt5/delayed-wills.js';
import type { Sessions } from '../sessions/sessions.js';
import type { Deliveries } from '../subscribers/deliveries.js';
import { PLAIN_GRANTS } from '../subscribers/grant.js';
import type { EngineSeams } from './aedes-engine.js';
import type { EngineClient } from './engine-client.js';

/** Who knows what aedes asks. */
export interface Answering {
  /** Undefined: aedes has failed before there was one. */
  readonly connectionOf: (client: EngineClient) => Connection | undefined;
  readonly admission: Admission;
  readonly registry: ClientRegistry;
  readonly wills: DelayedWills;
  readonly sessions: Sessions;
  readonly slowLane: SlowLane;
  readonly deliveries: Deliveries;
  readonly onTakeOver: (before: Connection, connection: Connection) => void;
}

/** What the broker answers to aedes: the same as to clients of its own. */
export function engineAnswers(answering: Answering): EngineSeams {
  const { admission, registry, wills, sessions, slowLane, deliveries } = answering;
  const connectionOf = (client: EngineClient) => answering.connectionOf(client)!;
  return {
    sessions,
    examine: (client, packet) => admission.examine(connectionOf(client), packet),
    admit: (client, username, password) => admission.admit(connectionOf(client), username, password),
    takeOver: (before, client) => answering.onTakeOver(connectionOf(before), connectionOf(client)),
    giveWay: (client) => registry.giveWay(client),
    arrive: (client) => {
      wills.arrive(client.id, client.clean);
      if (client.clean) slowLane.endSession(client.id);
      sessions.arrive(client);
    },
    leave: (client) => sessions.leave(client),
    open: (client) => {
      const connection = connectionOf(client);
      sessions.resume(client, connection);
      connection.open();
    },
    grant: (client, { topic, qos }) =>
      deliveries.grant(connectionOf(client), topic, PLAIN_GRANTS[qos as 0 | 1 | 2]) === undefined,
    subscribed: (client, filters) => void deliveries.sendRetained(connectionOf(client), filters),
    unsubscribed: (client, filters) => deliveries.unsubscribeSoon(connectionOf(client), filters),
    // All that aedes publishes is of a client.
    receive: (client, packet, isWill, callback) =>
      slowLane.receive(client!, connectionOf(client!), packet, isWill, callback),
    publish: (packet, client, done) => {
      if (slowLane.verdictOf(packet)?.isRefused) {
        done();
        return;
      }
      const { topic, payload, qos = 0, retain } = packet;
      const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
      const publisher = connectionOf(client!);
      const { owner } = publisher;
      deliveries.publish({ topic, payload: bytes, qos, retain, owner, publisher, from: client!.id }, done);
    },
    fail: (client, error) =>
      answering
        .connectionOf(client)
        ?.warn('connection ended', error.message.replace(/^connection ended: /, '')),
  };
}
