import { randomUUID } from 'node:crypto';
import { plainError } from '@humtemp/intake';
import type { ConnectPacket } from 'aedes';
import type { AccessControl, ReloadableAccess } from '../access/access-control.js';
import type { Budget } from '../budgets/budget.js';
import { ownerOfAccount } from '../budgets/owner.js';
import type { Refusal } from '../engine/engine-client.js';
import { ReasonCode } from '../mqtt5/reason-code.js';
import { clientKey } from './client-key.js';
import { connectProblem } from './connect-problem.js';
import type { Connection } from './connection.js';
import type { ConnectionGate } from './connection-gate.js';

export interface AdmissionOptions {
  /** Undefined: everybody is let in. */
  readonly access: AccessControl | undefined;
  readonly limits: { readonly topicLevelsMax: number; readonly keepAliveSMax: number };
  readonly gate: ConnectionGate;
  /** For what a CONNECT leaves: client id, user and will. */
  readonly budget: Budget;
}

/** CONNACK return codes [MQTT-3.2.2.3]. */
const IDENTIFIER_REJECTED = 2;
const SERVER_UNAVAILABLE = 3;
/** Mosquitto answers with it where user or password are wrong, too. */
const NOT_AUTHORIZED = 5;

/** The room that a client has been given. */
export interface Place {
  readonly owner: string;
  readonly bytes: number;
  readonly account: string | undefined;
}

/** What a will takes besides its topic and payload. */
const WILL_BYTES = 400;

/**
 * Who is let in:
 *
 *     CONNECT ──▶ well-formed? ──▶ user and password? ──▶ room? ──▶ CONNACK ──▶ what stands behind the CONNECT may come
 *                     │ no               │ no              │ no
 *                     └──────────────────┴─────────────────┴──▶ CONNACK that says why not, and the end of the connection
 */
export class Admission {
  #accessVersion: number;

  constructor(readonly options: AdmissionOptions) {
    this.#accessVersion = options.access?.version ?? 0;
  }

  /** Looks at a CONNECT, and has the engine know the client by its account and client id. */
  examine(connection: Connection, packet: ConnectPacket): void {
    const { access, limits } = this.options;
    connection.refusal = connectProblem(packet, limits.topicLevelsMax);
    connection.keepAliveMs = this.#keepAliveS(packet) * 1000;
    // It is looked after by the broker's own clock.
    packet.keepalive = 0;
    const { will } = packet;
    let bytes = packet.clientId.length + (packet.username?.length ?? 0);
    if (will !== undefined) {
      // It must not hold the whole piece of bytes that it came in.
      will.payload = Buffer.from(will.payload);
      bytes += WILL_BYTES + will.topic.length + will.payload.length;
    }
    connection.connectBytes = bytes;
    connection.clientId = packet.clientId || `humtemp-${randomUUID()}`;
    packet.clientId = clientKey(access === undefined ? undefined : packet.username, connection.clientId);
  }

  /** Why a client is refused, or undefined. */
  async admit(
    connection: Connection,
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<Refusal | undefined> {
    const { access } = this.options;
    if (connection.refusal !== undefined) {
      const { reason, code } = connection.refusal;
      return refused(IDENTIFIER_REJECTED, reason, code);
    }
    // Of what was asked: the answer may come after the next one is in force.
    const version = access?.version ?? 0;
    const answer = (await access?.authenticate(username, password)) ?? 'accepted';
    if (answer === 'busy')
      return refused(SERVER_UNAVAILABLE, 'too many await the check of their password', ReasonCode.serverBusy);
    if (answer === 'bad_credentials') return refused(NOT_AUTHORIZED, 'wrong user or password');
    const account = access === undefined || username === '' ? undefined : username;
    const noRoom = this.#enter(connection, account);
    if (noRoom !== undefined) return refused(SERVER_UNAVAILABLE, noRoom, ReasonCode.quotaExceeded);
    connection.accept({ clientId: connection.clientId, username }, account, version);
    // Then it is looked at once more.
    this.#accessVersion = Math.min(this.#accessVersion, version);
    return undefined;
  }

  /** Ends connections whose account is gone or has another password, if the access files have changed. */
  endStale(connections: Iterable<Connection>): void {
    const { access } = this.options;
    if (access === undefined || access.version === this.#accessVersion || !('isCurrent' in access)) return;
    this.#accessVersion = access.version;
    for (const connection of connections) {
      const { identity, accessVersion } = connection;
      if (identity !== undefined && !(access as ReloadableAccess).isCurrent(identity.username, accessVersion))
        connection.end('its account is gone, or has another password', ReasonCode.notAuthorized);
    }
  }

  /** Takes room for a client until its connection is closed. @returns why there is none. */
  #enter(connection: Connection, account: string | undefined): string | undefined {
    const { gate, budget } = this.options;
    if (connection.tap.destroyed) return 'the connection is gone';
    const owner = account === undefined ? connection.owner : ownerOfAccount(account);
    const bytes = connection.connectBytes;
    if (!budget.take(owner, bytes)) return 'no room for its client id and will';
    const noRoom = account === undefined ? undefined : gate.enterAccount(account);
    if (noRoom !== undefined) {
      budget.give(owner, bytes);
      return noRoom;
    }
    connection.place = { owner, bytes, account };
    return undefined;
  }

  /** A connection is closed. */
  leave({ place }: Connection): void {
    const { gate, budget } = this.options;
    if (place === undefined) return;
    budget.give(place.owner, place.bytes);
    if (place.account !== undefined) gate.leaveAccount(place.account);
  }

  /** What the client asks for, and no more than there is. */
  #keepAliveS({ keepalive = 0 }: ConnectPacket): number {
    const { keepAliveSMax } = this.options.limits;
    return keepAliveSMax > 0 && (keepalive === 0 || keepalive > keepAliveSMax) ? keepAliveSMax : keepalive;
  }
}

function refused(returnCode: 2 | 3 | 5, reason: string, code?: number): Refusal {
  return Object.assign(plainError(reason), { returnCode, code });
}
