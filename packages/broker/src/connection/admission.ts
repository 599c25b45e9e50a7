import type { Aedes, Client, ConnectPacket } from 'aedes';
import type { AccessControl, ReloadableAccess } from '../access/access-control.js';
import type { BrokerLimits } from '../limits.js';
import { connectProblem } from './connect-problem.js';
import type { Connection } from './connection.js';

export interface AdmissionOptions {
  readonly aedes: Aedes;
  /** Undefined: everybody is let in. */
  readonly access: AccessControl | undefined;
  readonly limits: BrokerLimits;
  readonly connectionOf: (client: Client) => Connection | undefined;
}

/** CONNACK return codes [MQTT-3.2.2.3]. */
const IDENTIFIER_REJECTED = 2;
const SERVER_UNAVAILABLE = 3;
/** Mosquitto answers with it where user or password are wrong, too. */
const NOT_AUTHORIZED = 5;

type Refusal = Error & { returnCode: 2 | 3 | 5 };

/**
 * Who is let in:
 *
 *     CONNECT ──▶ well-formed? ──▶ user and password? ──▶ CONNACK ──▶ what stands behind the CONNECT may come
 *                     │ no               │ no
 *                     └──────────────────┴──▶ CONNACK that says why not, and the end of the connection
 */
export class Admission {
  #accessVersion: number;

  constructor(readonly options: AdmissionOptions) {
    const { aedes, access, limits, connectionOf } = options;
    this.#accessVersion = access?.version ?? 0;
    aedes.preConnect = (client, packet, callback) => {
      const connection = connectionOf(client);
      if (connection !== undefined) connection.refusal = connectProblem(packet, limits.topicLevelsMax);
      this.#cutKeepAlive(packet);
      callback(null, true);
    };
    aedes.authenticate = (client, username, password, callback) => {
      this.#refusalOf(connectionOf(client)!, username, password).then(
        (refusal) => callback(refusal ?? null, refusal === undefined),
        (error: Error) => callback(refused(SERVER_UNAVAILABLE, error.message), false),
      );
    };
    aedes.on('connackSent', ({ returnCode }, client) => {
      if (returnCode === 0) connectionOf(client)?.tap.open();
    });
  }

  /** Ends connections whose account is gone or has another password, if the access files have changed. */
  endStale(connections: Iterable<Connection>): void {
    const { access } = this.options;
    if (access === undefined || access.version === this.#accessVersion || !('isCurrent' in access)) return;
    this.#accessVersion = access.version;
    for (const connection of connections) {
      const { identity, accessVersion } = connection;
      if (identity !== undefined && !(access as ReloadableAccess).isCurrent(identity.username, accessVersion))
        connection.end('its account is gone, or has another password');
    }
  }

  #cutKeepAlive(packet: ConnectPacket): void {
    const { keepAliveSMax } = this.options.limits;
    if (keepAliveSMax > 0 && (!packet.keepalive || packet.keepalive > keepAliveSMax))
      packet.keepalive = keepAliveSMax;
  }

  /** Why a client is refused, or undefined. */
  async #refusalOf(
    connection: Connection,
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<Refusal | undefined> {
    const { access } = this.options;
    if (connection.refusal !== undefined) return refused(IDENTIFIER_REJECTED, connection.refusal);
    // Of what was asked: the answer may come after the next one is in force.
    const version = access?.version ?? 0;
    const answer = (await access?.authenticate(username, password)) ?? 'accepted';
    if (answer === 'busy') return refused(SERVER_UNAVAILABLE, 'too many await the check of their password');
    if (answer === 'bad_credentials') return refused(NOT_AUTHORIZED, 'wrong user or password');
    connection.accept({ clientId: connection.client.id, username }, version);
    // Then it is looked at once more.
    this.#accessVersion = Math.min(this.#accessVersion, version);
    return undefined;
  }
}

function refused(returnCode: 2 | 3 | 5, reason: string): Refusal {
  return Object.assign(new Error(reason), { returnCode });
}
