/** Every limit of the broker. */
export interface BrokerLimits {
  /** Connections of all listeners at a time. */
  readonly connectionsMax: number;
  /** Connections from one address at a time. Undefined: three of four of all. */
  readonly connectionsPerAddressMax: number | undefined;
  /** Connections of one account at a time. Undefined: three of four of all. */
  readonly connectionsPerAccountMax: number | undefined;
  /** Memory for all that is kept for clients, counted as what it costs. One account or address may have half of it. */
  readonly memoryBytesMax: number;
  /** Time for the handshakes of TLS and WebSocket and a whole CONNECT. */
  readonly connectTimeoutMs: number;
  /** Bytes of a CONNECT: all that a client can make us keep before it is accepted. */
  readonly connectBytesMax: number;
  /** Bytes of any other frame; a longer one ends the connection. */
  readonly frameBytesMax: number;
  /** A client that asks for a longer keep-alive, or for none, gets this one, in seconds. 0: as it asks. */
  readonly keepAliveSMax: number;
  /** Levels of a topic or filter; the MQTT library knows no more than 100. */
  readonly topicLevelsMax: number;
  readonly subscriptionsPerClientMax: number;
  /**
   * Sessions whose client is away. Beyond, the one that has been away the longest goes; one account or address may have
   * three of four.
   */
  readonly sessionsMax: number;
  /** Publishes that wait in one session. Beyond, new ones are dropped for it. */
  readonly queuedMessagesMax: number;
  readonly queuedBytesMax: number;
  /** Retained publishes. Beyond, a topic that has none gets none. */
  readonly retainedMessagesMax: number;
  readonly retainedBytesMax: number;
  /** Bytes that wait for a subscriber to read. Beyond, it misses publishes, or is disconnected if it has a session. */
  readonly subscriberBytesMax: number;
  /** Time a subscriber may take to read that much, while more comes. */
  readonly subscriberTimeoutMs: number;
  /** Publishes per second and connection. Beyond, it is not read from for a while. 0: as many as come. */
  readonly publishRateMax: number;
}

export const DEFAULT_LIMITS: BrokerLimits = {
  connectionsMax: 10_000,
  connectionsPerAddressMax: undefined,
  connectionsPerAccountMax: undefined,
  memoryBytesMax: 256 * 1024 * 1024,
  connectTimeoutMs: 10_000,
  connectBytesMax: 16_384,
  frameBytesMax: 131_072,
  keepAliveSMax: 0,
  topicLevelsMax: 100,
  subscriptionsPerClientMax: 1000,
  sessionsMax: 1000,
  queuedMessagesMax: 10_000,
  queuedBytesMax: 16 * 1024 * 1024,
  retainedMessagesMax: 10_000,
  retainedBytesMax: 64 * 1024 * 1024,
  subscriberBytesMax: 4 * 1024 * 1024,
  subscriberTimeoutMs: 30_000,
  publishRateMax: 0,
};
