/** What a tap in front of a broker does besides: limits for whoever connects, and copies for other subscribers. */
export interface TapBroker {
  /** Bytes of the CONNECT, which the first frame must be. What stands behind it waits until the tap is opened. */
  readonly connectBytesMax: number;
  /** Publishes per second, of any topic; beyond, reading pauses. 0: as many as come. */
  readonly publishRateMax: number;
  /**
   * Whether the client may publish observations on a topic. What it may not is rejected as `not_authorized`, and
   * acknowledged, for MQTT 3.1.1 has no other answer [MQTT-3.3.5-2]. Undefined: it may on all.
   */
  readonly mayPublish: ((topic: string) => boolean) | undefined;
  /** Whether the client that is being accepted has a session; asked when its CONNACK is written. */
  readonly hasSession: () => boolean;
  readonly copies: PublishCopies;
}

/** Copies of observation publishes, for whoever else subscribes to them. */
export interface PublishCopies {
  /** Whether somebody wants a copy of what is published on a topic. Asked for each publish. */
  wants(topic: { toString(): string }, isRetained: boolean): boolean;
  add(copy: PublishCopy): void;
  /** Whether reading must stop until there is room again; then the tap is to be told with `readOn()`. */
  readonly isFull: boolean;
}

export interface PublishCopy {
  readonly topic: string;
  /** Bytes of its own. */
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly isRetained: boolean;
  /** The batch of intake that its observation went into. */
  readonly batch: number;
}
