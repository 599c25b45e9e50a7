import type { Readable } from 'node:stream';
import type { Aedes, Client, PublishPacket, Subscription } from 'aedes';

/**
 * What aedes 1.2 has no public way for. Everything that reaches into it does so through this file, and a test fails
 * where a new version has changed it.
 */

/** The client that a session is named for. */
export interface SessionOwner {
  readonly id: string;
  /** Whether the session ends with the connection [MQTT-3.1.2-6]. */
  readonly clean?: boolean;
}

/** A publish on its way to a session, or the PUBREL of one. */
export interface OutgoingPacket extends SessionPacket {
  readonly cmd: 'publish' | 'pubrel';
  messageId?: number | undefined;
  dup?: boolean;
  qos?: 0 | 1 | 2;
}

/** A publish as aedes numbers it. */
export interface SessionPacket {
  readonly brokerId?: string;
  /** Counts up with each publish of the broker. */
  readonly brokerCounter?: number;
  readonly topic?: string;
  payload?: string | Buffer;
  readonly qos?: 0 | 1 | 2;
}

/** Where aedes keeps sessions and retained publishes. */
export interface Persistence {
  storeRetained(packet: PublishPacket): Promise<void>;
  createRetainedStreamCombi(filters: readonly string[]): Readable;

  addSubscriptions(client: SessionOwner, subscriptions: readonly Subscription[]): Promise<void>;
  removeSubscriptions(client: SessionOwner, filters: readonly string[]): Promise<void>;
  cleanSubscriptions(client: SessionOwner): Promise<void>;
  subscriptionsByClient(client: SessionOwner): Promise<Subscription[]>;
  subscriptionsByTopic(topic: string): Promise<readonly SessionSubscription[]>;

  outgoingEnqueueCombi(subscriptions: readonly SessionSubscription[], packet: SessionPacket): Promise<void>;
  outgoingUpdate(client: SessionOwner, packet: OutgoingPacket): Promise<void>;
  outgoingClearMessageId(client: SessionOwner, packet: OutgoingPacket): Promise<OutgoingPacket | undefined>;
  outgoingStream(client: SessionOwner): Readable;

  incomingStorePacket(client: SessionOwner, packet: OutgoingPacket): Promise<void>;
  incomingGetPacket(client: SessionOwner, packet: OutgoingPacket): Promise<unknown>;
  incomingDelPacket(client: SessionOwner, packet: OutgoingPacket): Promise<void>;
  cleanIncoming(client: SessionOwner): Promise<void>;

  putWill(client: SessionOwner, will: PublishPacket): Promise<unknown>;
  delWill(client: SessionOwner): Promise<unknown>;
}

/** A session that a topic goes to. */
export interface SessionSubscription {
  readonly clientId: string;
  readonly qos: 0 | 1 | 2;
}

type Deliver = (packet: PublishPacket, callback: () => void) => void;
type Callback = (error?: Error | null) => void;

interface AedesInternals {
  persistence: Persistence;
  readonly mq: { emit(packet: PublishPacket, callback: Callback): void };
  readonly _clearWillInterval: NodeJS.Timeout;
  subscribe(topic: string, deliver: Deliver, done: () => void): void;
  unsubscribe(topic: string, deliver: Deliver, done: () => void): void;
  /** Of the last publish that was numbered. */
  readonly counter: number;
  /** The client may be left out. */
  publish(packet: PublishPacket, client: Client | Callback | null, done?: Callback): void;
}

interface ClientInternals {
  /** By filter. */
  readonly subscriptions: Readonly<Record<string, { readonly qos: 0 | 1 | 2 }>>;
  readonly _keepaliveTimer: NodeJS.Timeout | null;
  will: PublishPacket | null;
  waitForDrain(callback: (error: Error | null, client: Client) => void): void;
}

export function internalsOf(aedes: Aedes): AedesInternals {
  return aedes as unknown as AedesInternals;
}

export function clientInternalsOf(client: Client): ClientInternals {
  return client as unknown as ClientInternals;
}

/** As aedes does at each packet that it sees; of the others it has to be told. */
export function renewKeepAlive(client: Client): void {
  clientInternalsOf(client)._keepaliveTimer?.refresh();
}
