import type { OutgoingPacket, SessionPacket } from '../engine/aedes-internals.js';

export interface QueueLimits {
  readonly queuedMessagesMax: number;
  readonly queuedBytesMax: number;
}

const PACKET_ID_MAX = 65_535;
/** What a publish takes besides its topic and payload. */
const OVERHEAD_BYTES = 256;

type Entry = OutgoingPacket & { readonly brokerCounter: number; readonly bytes: number };

/**
 * What one session has not acknowledged: publishes that wait, or are on their way, and PUBRELs. In the order in which
 * they came; known by the number that the broker gave the publish and, once it was sent, by its packet id.
 */
export class OutgoingQueue {
  readonly #byCounter = new Map<number, Entry>();
  readonly #counterById = new Map<number, number>();
  #bytes = 0;

  constructor(readonly limits: QueueLimits) {}

  get isEmpty(): boolean {
    return this.#byCounter.size === 0;
  }

  has(counter: number): boolean {
    return this.#byCounter.has(counter);
  }

  /** Adds a publish, once. @returns false if there is no room for it. */
  add(packet: SessionPacket, qos: 1 | 2): boolean {
    const { brokerId, brokerCounter, topic, payload } = packet;
    if (brokerCounter === undefined || topic === undefined || payload === undefined) return true;
    const known = this.#byCounter.get(brokerCounter);
    // It came for another of the session's subscriptions; the better QoS holds.
    if (known !== undefined) {
      if ((known.qos ?? 0) < qos) this.#byCounter.set(brokerCounter, { ...known, qos });
      return true;
    }
    const bytes = OVERHEAD_BYTES + topic.length + payload.length;
    if (
      this.#byCounter.size >= this.limits.queuedMessagesMax ||
      this.#bytes + bytes > this.limits.queuedBytesMax
    )
      return false;
    this.#bytes += bytes;
    this.#byCounter.set(brokerCounter, {
      cmd: 'publish',
      ...(brokerId !== undefined && { brokerId }),
      brokerCounter,
      topic,
      payload,
      qos,
      dup: false,
      messageId: undefined,
      bytes,
    });
    return true;
  }

  /**
   * Notes that a packet is about to be sent: a publish, whose packet id is made one that is free, or a PUBREL in place of
   * its publish. What is not in the queue is sent without being kept.
   */
  send(packet: OutgoingPacket): void {
    const { brokerCounter, messageId } = packet;
    if (packet.cmd === 'pubrel') {
      const counter = this.#counterById.get(messageId!);
      const entry = counter === undefined ? undefined : this.#byCounter.get(counter);
      if (entry !== undefined)
        this.#replace({ cmd: 'pubrel', messageId, brokerCounter: counter!, bytes: OVERHEAD_BYTES }, entry);
      return;
    }
    const entry = brokerCounter === undefined ? undefined : this.#byCounter.get(brokerCounter);
    if (entry === undefined) return;
    packet.qos = entry.qos!;
    if (entry.messageId !== undefined) {
      // Sent before, on another connection [MQTT-3.3.1-1].
      packet.messageId = entry.messageId;
      packet.dup = true;
      return;
    }
    let id = messageId!;
    while (this.#counterById.has(id)) id = (id % PACKET_ID_MAX) + 1;
    packet.messageId = id;
    entry.messageId = id;
    this.#counterById.set(id, entry.brokerCounter);
  }

  /** Takes out what was acknowledged. */
  removeById(messageId: number): OutgoingPacket | undefined {
    const counter = this.#counterById.get(messageId);
    return counter === undefined ? undefined : this.remove(counter);
  }

  remove(counter: number): OutgoingPacket | undefined {
    const entry = this.#byCounter.get(counter);
    if (entry === undefined) return undefined;
    this.#byCounter.delete(counter);
    if (entry.messageId !== undefined) this.#counterById.delete(entry.messageId);
    this.#bytes -= entry.bytes;
    return entry;
  }

  packets(): OutgoingPacket[] {
    return [...this.#byCounter.values()];
  }

  #replace(entry: Entry, before: Entry): void {
    this.#bytes += entry.bytes - before.bytes;
    this.#byCounter.set(entry.brokerCounter, entry);
  }
}
