import type { Duplex } from 'node:stream';
import { type Intake, PublishTap, type SourceTable, type TapPolicy } from '@humtemp/intake';
import type { Aedes, Client, Subscription } from 'aedes';
import type { AccessControl, ClientIdentity } from '../access/access-control.js';
import { renewKeepAlive } from '../engine/aedes-internals.js';
import { type CopyTraffic, ObservationCopies } from '../lanes/observation-copies.js';
import type { BrokerLimits } from '../limits.js';
import { Backlog } from './backlog.js';
import { ConnackFlags } from './connack-flags.js';
import type { ConnectionLog } from './connection-log.js';
import { Entrance } from './entrance.js';
import { PublishPermissions } from './publish-permissions.js';
import { RatePause } from './rate-pause.js';

export interface ConnectionOptions {
  readonly aedes: Aedes;
  readonly transport: Duplex;
  readonly address: string;
  readonly sources: SourceTable;
  readonly intake: Intake;
  readonly limits: BrokerLimits;
  /** Undefined: everybody may do everything. */
  readonly access: AccessControl | undefined;
  readonly traffic: CopyTraffic;
  /** Whether the session of a client that asks for one has something in it. */
  readonly hasSession: (client: Client) => boolean;
  readonly fastLane: boolean;
  readonly log: ConnectionLog;
}

/** One connection: its tap, its client at aedes, and what the broker knows of it. */
export class Connection {
  readonly tap: PublishTap;
  readonly client: Client;
  readonly backlog: Backlog;
  /** Subscriptions that were granted. */
  readonly subscriptions = new Set<string>();
  /** Why its CONNECT is to be refused, found before it is answered. */
  refusal: string | undefined;
  #identity: ClientIdentity | undefined;
  /** Of the access rules, when it was accepted. */
  #accessVersion = 0;
  #permissions: PublishPermissions | undefined;
  /** Messages that the log has had of it. */
  readonly #told = new Set<string>();

  constructor(readonly options: ConnectionOptions) {
    const { aedes, transport, sources, intake, limits, fastLane, access, traffic } = options;
    const readOn = () => this.tap.readOn();
    const policy: TapPolicy = {
      entrance: new Entrance(limits.connectBytesMax),
      // aedes looks for subscriptions only. None of those that are refused.
      greeting: new ConnackFlags(() => this.#identity !== undefined && options.hasSession(this.client)),
      rate: limits.publishRateMax > 0 ? new RatePause(limits.publishRateMax, readOn) : undefined,
      mayPublish: access && ((topic) => this.mayPublish(topic)),
      copies: new ObservationCopies(traffic, readOn),
    };
    this.tap = new PublishTap({
      transport,
      protocolVersion: 4,
      sources,
      intake,
      frameBytesMax: limits.frameBytesMax,
      takeRetained: true,
      takesPublishes: fastLane,
      onTaken: () => renewKeepAlive(this.client),
      policy,
    });
    this.client = aedes.handle(this.tap);
    this.backlog = new Backlog(this.tap, transport, this.client, limits.subscriberBytesMax);
  }

  /** Who it is, once that was accepted. */
  get identity(): ClientIdentity | undefined {
    return this.#identity;
  }

  /** @param accessVersion the version of the access rules that it was accepted under. */
  accept(identity: ClientIdentity, accessVersion: number): void {
    const { access } = this.options;
    this.#identity = identity;
    this.#accessVersion = accessVersion;
    if (access !== undefined) this.#permissions = new PublishPermissions(access, identity);
  }

  /** The version of the access rules under which it was accepted. */
  get accessVersion(): number {
    return this.#accessVersion;
  }

  mayPublish(topic: string): boolean {
    if (this.options.access === undefined) return true;
    if (this.#permissions?.mayPublish(topic) !== true) {
      this.tell('publish refused', 'not authorized', topic);
      return false;
    }
    return true;
  }

  mayRead(topic: string): boolean {
    const { access } = this.options;
    return access === undefined || (this.#identity !== undefined && access.mayRead(this.#identity, topic));
  }

  /** Whether a subscription is granted, and counts it. */
  subscribe({ topic }: Subscription): boolean {
    const { access, limits } = this.options;
    if (
      access !== undefined &&
      (this.#identity === undefined || !access.maySubscribe(this.#identity, topic))
    ) {
      this.tell('subscription refused', 'not authorized', topic);
      return false;
    }
    const { subscriptionsPerClientMax } = limits;
    if (!this.subscriptions.has(topic) && this.subscriptions.size >= subscriptionsPerClientMax) {
      this.tell('subscription refused', `more than ${subscriptionsPerClientMax} subscriptions`, topic);
      return false;
    }
    this.subscriptions.add(topic);
    return true;
  }

  /** Writes to the log, each message once. */
  tell(message: string, reason: string, topic?: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    const { log, address } = this.options;
    log.warn(message, { address, client: this.client.id ?? undefined, topic }, reason);
  }

  /** Ends the connection, as if it had broken. */
  end(reason: string): void {
    this.tell('connection ended', reason);
    this.tap.destroy();
  }
}
