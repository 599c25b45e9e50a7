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
}

export const AT_QOS_0: Delivery = { qos: 0, packetId: 0, isRetained: false, isAgain: false };

/** A publish on its way to subscribers. All that get it at QoS 0 get the same bytes. */
export class OutgoingPublish {
  #payload: Buffer;
  #isKept = false;
  #atQos0: Buffer | undefined;

  /** @param payload good until the publish is delivered; `keep()` copies it. */
  constructor(
    readonly topic: string,
    payload: Buffer,
    readonly qos: 0 | 1 | 2,
  ) {
    this.#payload = payload;
  }

  get payload(): Buffer {
    return this.#payload;
  }

  /** Bytes of topic and payload. */
  get bytes(): number {
    return this.topic.length + this.#payload.length;
  }

  /** Somebody keeps it: it must not hold the whole piece of bytes that it came in. */
  keep(): void {
    if (this.#isKept) return;
    const own = Buffer.allocUnsafeSlow(this.#payload.length);
    this.#payload.copy(own);
    this.#payload = own;
    this.#isKept = true;
  }

  /** The frame of a PUBLISH [MQTT-3.3]. */
  frame(delivery: Delivery): Buffer {
    if (delivery.qos > 0 || delivery.isRetained) return this.#encode(delivery);
    this.#atQos0 ??= this.#encode(AT_QOS_0);
    return this.#atQos0;
  }

  #encode({ qos, packetId, isRetained, isAgain }: Delivery): Buffer {
    const topicBytes = Buffer.byteLength(this.topic);
    const length = 2 + topicBytes + (qos > 0 ? 2 : 0) + this.#payload.length;
    const frame = Buffer.allocUnsafe(1 + lengthBytes(length) + length);
    frame[0] = PUBLISH | (isAgain ? DUP : 0) | (qos << 1) | (isRetained ? RETAIN : 0);
    let at = 1;
    for (let left = length; at === 1 || left > 0; left >>= 7)
      frame[at++] = (left & 0x7f) | (left > 0x7f ? 0x80 : 0);
    at = frame.writeUInt16BE(topicBytes, at);
    at += frame.write(this.topic, at);
    if (qos > 0) at = frame.writeUInt16BE(packetId, at);
    this.#payload.copy(frame, at);
    return frame;
  }
}

/** Bytes of a remaining length [MQTT-2.2.3]. */
function lengthBytes(length: number): number {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : 4;
}
