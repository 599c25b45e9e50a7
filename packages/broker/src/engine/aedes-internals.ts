import type { Readable } from 'node:stream';
import type { Aedes, Client, PublishPacket, Subscription } from 'aedes';

/**
 * What aedes 1.2 has no public way for. Everything that reaches into it does so through this file, and a test fails
 * where a new version has changed it.
 */

/** A packet of a session, as far as it is asked for here. */
export interface SessionPacket {
  readonly cmd: string;
  readonly messageId?: number;
  readonly topic?: string;
  readonly payload?: string | Buffer;
}

interface SessionClient {
  readonly id: string;
  readonly clean?: boolean;
}

/** Where aedes keeps sessions and retained publishes: all that it calls while it delivers nothing itself. */
export interface Persistence {
  setup(): Promise<void>;
  createRetainedStreamCombi(filters: readonly string[]): Readable;

  addSubscriptions(client: SessionClient, subscriptions: readonly Subscription[]): Promise<void>;
  removeSubscriptions(client: SessionClient, filters: readonly string[]): Promise<void>;
  cleanSubscriptions(client: SessionClient): Promise<void>;
  subscriptionsByClient(client: SessionClient): Promise<Subscription[]>;

  outgoingUpdate(client: SessionClient, packet: SessionPacket): Promise<void>;
  outgoingClearMessageId(client: SessionClient, packet: SessionPacket): Promise<undefined>;
  outgoingStream(client: SessionClient): Readable;

  incomingStorePacket(client: SessionClient, packet: SessionPacket): Promise<void>;
  incomingGetPacket(client: SessionClient, packet: SessionPacket): Promise<unknown>;
  incomingDelPacket(client: SessionClient, packet: SessionPacket): Promise<unknown>;
  cleanIncoming(client: SessionClient): Promise<void>;

  putWill(client: SessionClient, will: PublishPacket): Promise<void>;
  delWill(client: SessionClient): Promise<void>;
}

export type Callback = (error?: Error | null) => void;

export interface AedesInternals {
  readonly clients: Readonly<Record<string, Client | undefined>>;
  readonly _clearWillInterval: NodeJS.Timeout;
  readonly _heartbeatInterval: NodeJS.Timeout;
  /** Called when a client subscribes to a filter that it has not, and when it does not any more. */
  subscribe(filter: string, deliver: unknown, done: () => void): void;
  unsubscribe(filter: string, deliver: unknown, done?: () => void): void;
  /** Called with each publish, and with what aedes says of itself. The client may be left out. */
  publish(packet: PublishPacket, client: Client | Callback | null, done?: Callback): void;
  /** Called when a client is accepted, before the one that has its id is closed. */
  registerClient(client: Client): void;
}

export interface ClientInternals {
  will: PublishPacket | null;
  /** Called when there is more for the client than it reads. */
  waitForDrain(callback: (error: Error | null, client: Client) => void): void;
}

export function internalsOf(aedes: Aedes): AedesInternals {
  return aedes as unknown as AedesInternals;
}

export function clientInternalsOf(client: Client): ClientInternals {
  return client as unknown as ClientInternals;
}
