import { type PublishProperties, writeProperties } from './publish-properties.js';
import { varintBytes, writeVarint } from './varint.js';

const PUBLISH = 0x30;
const DUP = 8;
const RETAIN = 1;

/** How a publish goes to one subscriber. */
export interface Delivery {
  readonly qos: 0 | 1 | 2;
  /** 0 at QoS 0. */
  readonly packetId: number;
  readonly isRetained: boolean;
  /** Whether it was sent before, on another connection. */
  readonly isAgain: boolean;
  /** Of the subscriptions that it is for, of MQTT 5. */
  readonly identifiers?: readonly number[] | undefined;
}

export const AT_QOS_0: Delivery = { qos: 0, packetId: 0, isRetained: false, isAgain: false };

/** What is known of a publish besides what MQTT 3.1.1 delivers. */
export interface PublishOrigin {
  /** The client that it is of: account and client id. Undefined: none. */
  readonly from?: string | undefined;
  /** Whether it was published to be retained. */
  readonly retain?: boolean;
  readonly properties?: PublishProperties | undefined;
}

const NO_ORIGIN: PublishOrigin = {};

/** A publish on its way to subscribers. All of one version that get it at QoS 0 get the same bytes. */
export class OutgoingPublish {
  #payload: Buffer;
  #isKept = false;
  #atQos0: Buffer | undefined;
  #atQos0Of5: Buffer | undefined;

  /** @param payload which nobody changes any more. */
  constructor(
    readonly topic: string,
    payload: Buffer,
    readonly qos: 0 | 1 | 2,
    readonly origin: PublishOrigin = NO_ORIGIN,
  ) {
    this.#payload = payload;
  }

  get payload(): Buffer {
    return this.#payload;
  }

  get from(): string | undefined {
    return this.origin.from;
  }

  /** Bytes of topic, payload and properties. */
  get bytes(): number {
    return this.topic.length + this.#payload.length + (this.origin.properties?.passed.length ?? 0);
  }

  /** Whether nobody is to get it any more [MQTT-3.3.2-5]. */
  get isExpired(): boolean {
    const { properties } = this.origin;
    return properties !== undefined && properties.expiresAtMs <= performance.now();
  }

  /** Somebody keeps it: it must not hold a piece of bytes that it is only a small part of. */
  keep(): void {
    if (this.#isKept || this.#payload.length * 2 > this.#payload.buffer.byteLength) return;
    const own = Buffer.allocUnsafeSlow(this.#payload.length);
    this.#payload.copy(own);
    this.#payload = own;
    this.#isKept = true;
  }

  /** The frame of a PUBLISH [MQTT-3.3]. */
  frame(delivery: Delivery): Buffer {
    if (delivery.qos > 0 || delivery.isRetained) return this.#encode(delivery, undefined);
    this.#atQos0 ??= this.#encode(AT_QOS_0, undefined);
    return this.#atQos0;
  }

  /** The same in MQTT 5: with its properties, and what is left of its time. */
  frame5(delivery: Delivery): Buffer {
    const { properties } = this.origin;
    const isAlike =
      delivery.qos === 0 &&
      !delivery.isRetained &&
      delivery.identifiers === undefined &&
      (properties === undefined || properties.expiresAtMs === Number.POSITIVE_INFINITY);
    if (isAlike && this.#atQos0Of5 !== undefined) return this.#atQos0Of5;
    const frame = this.#encode(delivery, writeProperties(properties, delivery.identifiers));
    if (isAlike) this.#atQos0Of5 = frame;
    return frame;
  }

  /** @param properties with their length; undefined: MQTT 3.1.1 has none. */
  #encode({ qos, packetId, isRetained, isAgain }: Delivery, properties: Buffer | undefined): Buffer {
    const topicBytes = Buffer.byteLength(this.topic);
    const length = 2 + topicBytes + (qos > 0 ? 2 : 0) + (properties?.length ?? 0) + this.#payload.length;
    const frame = Buffer.allocUnsafe(1 + varintBytes(length) + length);
    frame[0] = PUBLISH | (isAgain ? DUP : 0) | (qos << 1) | (isRetained ? RETAIN : 0);
    let at = writeVarint(length, frame, 1);
    at = frame.writeUInt16BE(topicBytes, at);
    at += frame.write(this.topic, at);
    if (qos > 0) at = frame.writeUInt16BE(packetId, at);
    if (properties !== undefined) at += properties.copy(frame, at);
    this.#payload.copy(frame, at);
    return frame;
  }
}
