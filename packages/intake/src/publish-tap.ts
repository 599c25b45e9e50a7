import { Duplex } from 'node:stream';
import { bodyStart, PINGREQ, PINGRESP, PUBLISH } from './frame.js';
import { InboundFrames } from './inbound-frames.js';
import type { Intake } from './intake.js';
import { OutboundFrames } from './outbound-frames.js';
import { PendingAcks } from './pending-acks.js';
import { Pings } from './pings.js';
import type { TopicFilters } from './topic-filters.js';

export interface PublishTapOptions {
  /** The connection to the other side: TCP, TLS or WebSocket. */
  readonly transport: Duplex;
  /** MQTT 3.1.1 is 4. The two differ in that publishes of 5 have properties. */
  readonly protocolVersion: 4 | 5;
  readonly filters: TopicFilters;
  readonly intake: Intake;
  /** Bytes of a frame. A longer one ends the connection, but for publishes if `skipTooLong`. */
  readonly frameBytesMax: number;
  /**
   * A publish that is too long is rejected and acknowledged, and its bytes are dropped as they come. For a consumer:
   * the broker would deliver it again and again. Only for publishes of observation topics, which is all that comes.
   */
  readonly skipTooLong?: boolean;
  /** Whether retained observation publishes are taken too. If not, they pass: a broker has to keep them. */
  readonly takeRetained: boolean;
  /** Whether publishes are taken at present; if not, all pass. Asked for each. Default: always. */
  readonly isTaking?: () => boolean;
  /** Told whenever publishes were taken: the endpoint does not see them, and may think that nobody is there. */
  readonly onTaken?: () => void;
  /** Told of each round of acknowledgements: how many publishes awaited theirs when it began. */
  readonly onAcknowledge?: (unacknowledged: number) => void;
}

const PINGRESP_FRAME = Buffer.from([PINGRESP << 4, 0]);

/**
 * Stands between a transport and an MQTT endpoint. Observation publishes at QoS 0 and 1 are taken out of the stream
 * and handed to intake; every other byte passes. The tap writes their PUBACKs itself, once intake has settled them.
 *
 *     transport ──bytes──▶ frames ──▶ observation publish? ──no──▶ endpoint
 *         ▲                               │ yes
 *         │                               ▼
 *         └──PUBACKs, settled──────── intake          endpoint ──bytes──▶ transport
 *
 * Reading from the transport stops while the endpoint, intake or the transport's own output is full, and goes on when
 * none is. While it is stopped for intake, the endpoint's pings are answered here: the answers of the other side
 * stand behind the publishes that wait, and the endpoint would give up a connection that is merely waiting.
 *
 * When the connection closes, its pending acknowledgements are forgotten: the other side sends those publishes again.
 */
export class PublishTap extends Duplex {
  readonly #options: PublishTapOptions;
  readonly #acks = new PendingAcks();
  readonly #outbound = new OutboundFrames();
  /** PUBACKs that wait for the endpoint to finish the frame it is writing. */
  #heldAcks: Buffer[] = [];
  readonly #inbound: InboundFrames;
  readonly #pings = new Pings(() => this.push(PINGRESP_FRAME));
  #endpointFull = false;
  #intakeFull = false;
  #transportFull = false;
  #waitsForRoom = false;
  #taken = 0;
  #ended = false;
  #reading = true;
  /** Where the topic of the publish at hand stands; made a text only to list a rejection. */
  readonly #topic = new TopicSlice();
  readonly #onSettled = () => this.#acknowledge();
  readonly #onRoom = () => {
    this.#waitsForRoom = false;
    this.#updateFlow();
  };

  constructor(options: PublishTapOptions) {
    super();
    this.#options = options;
    this.#inbound = new InboundFrames(options, {
      takes: (bytes, start, end) => this.#takes(bytes, start, end),
      pass: (bytes, start, end) => this.#pass(bytes, start, end),
      refuse: (what) => this.#refuse(what),
    });
    const { transport } = options;
    transport.on('data', (chunk: Buffer) => this.#receive(chunk));
    transport.on('end', () => this.#endpointEnd());
    transport.on('error', (error) => this.destroy(error));
    transport.on('close', () => {
      this.#forgetAcks();
      this.#endpointEnd();
    });
    transport.on('drain', () => {
      this.#transportFull = false;
      this.#updateFlow();
    });
  }

  /** Publishes taken and not yet acknowledged. */
  get unacknowledged(): number {
    return this.#acks.count;
  }

  /** Whether reading has stopped because too much is in flight. */
  get isHeldBack(): boolean {
    return this.#intakeFull;
  }

  /** Publishes taken since the connection began. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes no more publishes, and passes no more; those taken are still acknowledged. */
  stopReading(): void {
    this.#reading = false;
    this.#updateFlow();
  }

  override _read(): void {
    if (!this.#endpointFull) return;
    this.#endpointFull = false;
    this.#updateFlow();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#send(chunk);
    this.#afterDrain(callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    const { transport } = this.#options;
    transport.cork();
    for (const { chunk } of chunks) this.#send(chunk);
    transport.uncork();
    this.#afterDrain(callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    const { transport } = this.#options;
    // Reads to the end, without looking, so that the end is seen.
    this.#reading = false;
    transport.resume();
    transport.end(() => callback());
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#forgetAcks();
    this.#options.transport.destroy();
    callback(error);
  }

  /** The other side says no more. The endpoint may still have to read its last words: why it disconnects us. */
  #endpointEnd(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.once('end', () => this.destroy());
    this.push(null);
  }

  #forgetAcks(): void {
    this.#acks.clear();
    this.#heldAcks = [];
  }

  /** Takes what the transport has read. */
  #receive(chunk: Buffer): void {
    if (!this.#reading) return;
    const taken = this.#taken;
    this.#inbound.take(chunk);
    if (this.#taken > taken) this.#options.onTaken?.();
    this.#updateFlow();
  }

  /** Takes the frame [start, end) if it is for us. If not, it must pass. */
  #takes(bytes: Buffer, start: number, end: number): boolean {
    // What stands behind a frame that ended the connection.
    if (this.destroyed) return true;
    const header = bytes[start]!;
    const type = header >> 4;
    if (type !== PUBLISH) return type === PINGRESP && this.#pings.answeredAlready();
    const qos = (header >> 1) & 3;
    const retained = (header & 1) === 1;
    if (qos > 1 || (retained && !this.#options.takeRetained)) return false;

    const { filters, intake, protocolVersion, isTaking } = this.#options;
    if (isTaking !== undefined && !isTaking()) return false;
    const topicStart = bodyStart(bytes, start) + 2;
    // What is not well-formed passes too: the endpoint knows how to refuse it.
    if (topicStart > end) return false;
    const topicEnd = topicStart + bytes.readUInt16BE(topicStart - 2);
    let payloadStart = topicEnd + (qos === 0 ? 0 : 2);
    if (payloadStart > end) return false;
    if (protocolVersion === 5) {
      payloadStart = skipProperties(bytes, payloadStart, end);
      if (payloadStart > end) return false;
    }
    const lab = filters.labOfBytes(bytes, topicStart, topicEnd);
    if (lab === undefined) return false;
    const packetId = qos === 0 ? 0 : bytes.readUInt16BE(topicEnd);
    if (qos === 1 && packetId === 0) {
      this.#refuse('a QoS 1 publish with packet id 0');
      return true;
    }
    const batch = intake.openBatch;
    this.#taken += 1;
    this.#topic.set(bytes, topicStart, topicEnd);
    intake.receiveSlice(lab, bytes, payloadStart, end, this.#topic, retained);
    if (qos === 1 && this.#acks.add(batch, packetId)) intake.afterSettled(this.#onSettled);
    return true;
  }

  #pass(bytes: Buffer, start: number, end: number): void {
    if (start < end && !this.push(bytes.subarray(start, end))) this.#endpointFull = true;
  }

  /** Writes the PUBACKs of everything that is settled by now. */
  #acknowledge(): void {
    if (!this.destroyed) {
      const unacknowledged = this.#acks.count;
      const frames = this.#acks.takeSettled(this.#options.intake.settledBatch);
      if (frames !== undefined) {
        this.#heldAcks.push(frames);
        this.#options.onAcknowledge?.(unacknowledged);
      }
      this.#sendHeldAcks();
    }
    this.#updateFlow();
  }

  #sendHeldAcks(): void {
    if (!this.#outbound.isBetweenFrames || this.#heldAcks.length === 0) return;
    for (const frames of this.#heldAcks) this.#toTransport(frames);
    this.#heldAcks = [];
  }

  /** Sends bytes of the endpoint. */
  #send(chunk: Buffer): void {
    const started = this.#outbound.take(chunk);
    this.#toTransport(chunk);
    this.#sendHeldAcks();
    if (started !== undefined && started >> 4 === PINGREQ) {
      this.#pings.asked();
      if (this.#intakeFull) this.#pings.answer();
    }
  }

  #toTransport(bytes: Buffer): void {
    if (!this.#options.transport.write(bytes)) this.#transportFull = true;
  }

  #afterDrain(callback: (error?: Error | null) => void): void {
    this.#updateFlow();
    if (this.#transportFull) this.#options.transport.once('drain', () => callback());
    else callback();
  }

  /** Reads on, or stops reading: see the top. */
  #updateFlow(): void {
    if (this.destroyed || this.writableEnded) return;
    const { transport, intake } = this.#options;
    // Not within a frame that passes: only between frames may a ping be answered.
    this.#intakeFull = intake.isFull && !this.#inbound.isWithinPassing;
    if (this.#intakeFull) {
      this.#pings.answer();
      if (!this.#waitsForRoom) {
        this.#waitsForRoom = true;
        intake.afterSettled(this.#onRoom);
      }
    }
    if (this.#endpointFull || this.#intakeFull || this.#transportFull || !this.#reading) transport.pause();
    else if (transport.isPaused()) transport.resume();
  }

  #refuse(what: string): void {
    this.destroy(new Error(`connection ended: ${what} (limit ${this.#options.frameBytesMax} bytes)`));
  }
}

/** Behind the properties of an MQTT 5 publish: their length as a variable byte integer, then that many bytes. */
function skipProperties(bytes: Buffer, start: number, end: number): number {
  let length = 0;
  for (let i = 0, factor = 1; i < 4; i++, factor *= 128) {
    if (start + i >= end) break;
    const byte = bytes[start + i]!;
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) return start + i + 1 + length;
  }
  return end + 1;
}

/** A topic within a frame. */
class TopicSlice {
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  set(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  toString(): string {
    return this.#bytes.toString('utf8', this.#start, this.#end);
  }
}
