import { Duplex } from 'node:stream';
import { FirstFrame } from './first-frame.js';
import { bodyStart, PINGREQ, PINGRESP, PUBLISH } from './frame.js';
import { InboundFrames } from './inbound-frames.js';
import { OutboundFrames } from './outbound-frames.js';
import { PendingAcks } from './pending-acks.js';
import { Pings } from './pings.js';
import { skipProperties } from './publish-properties.js';
import { PublishRate } from './publish-rate.js';
import type { PublishTapOptions } from './publish-tap-options.js';
import { isPlainLab, TopicSlice } from './topic-slice.js';

const ID_0 = 'a publish with packet id 0 [MQTT-2.3.1-1]';
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
 * In front of a broker, the first frame must be a CONNECT, and what stands behind it waits until the broker has accepted
 * the client. Then, reading also stops while the client publishes too fast, or too many copies of its publishes wait for
 * subscribers.
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
  /** Of the publish at hand. */
  readonly #topic = new TopicSlice();
  /** Of a broker: its client's CONNECT, until it is whole. */
  #first: FirstFrame | undefined;
  /** What came behind the CONNECT, until the client is accepted. */
  #unopened: Buffer | undefined;
  #publishes = 0;
  readonly #rate: PublishRate | undefined;
  #rateTimer: NodeJS.Timeout | undefined;
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
      refuse: (what) => void this.#refuse(`${what} (limit ${options.frameBytesMax} bytes)`),
    });
    const { transport, broker } = options;
    if (broker !== undefined) {
      this.#first = new FirstFrame(broker.connectBytesMax);
      if (broker.publishRateMax > 0) this.#rate = new PublishRate(broker.publishRateMax, performance.now());
    }
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

  /** Whether reading has stopped, not for what the other side does not read, but for what it has sent. */
  get isHeldBack(): boolean {
    return this.#intakeFull || this.#rateTimer !== undefined || this.#options.broker?.copies.isFull === true;
  }

  /** Publishes taken since the connection began. */
  get taken(): number {
    return this.#taken;
  }

  /** The broker has accepted the client: what stands behind its CONNECT may come. */
  open(): void {
    const bytes = this.#unopened;
    this.#unopened = undefined;
    if (bytes !== undefined && bytes.length > 0) this.#receive(bytes);
    else this.#updateFlow();
  }

  /** There is room for copies again. */
  readOn(): void {
    this.#updateFlow();
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
    this.#first = undefined;
    this.#unopened = undefined;
    clearTimeout(this.#rateTimer);
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
    if (this.#first !== undefined) this.#receiveFirst(this.#first, chunk);
    else if (this.#unopened !== undefined) this.#unopened = Buffer.concat([this.#unopened, chunk]);
    else {
      const taken = this.#taken;
      const publishes = this.#publishes;
      this.#inbound.take(chunk);
      if (this.#taken > taken) this.#options.onTaken?.();
      if (this.#rate !== undefined && this.#publishes > publishes) this.#pace(this.#publishes - publishes);
    }
    this.#updateFlow();
  }

  #receiveFirst(first: FirstFrame, chunk: Buffer): void {
    const state = first.take(chunk);
    if (state === undefined) return;
    this.#first = undefined;
    if ('refusal' in state) {
      this.#refuse(state.refusal);
      return;
    }
    this.#unopened = state.rest;
    this.#pass(state.frame, 0, state.frame.length);
  }

  /** Pauses if so many publishes were too many. */
  #pace(publishes: number): void {
    const pauseMs = this.#rate!.spend(publishes, performance.now());
    if (pauseMs === 0 || this.destroyed) return;
    this.#rateTimer = setTimeout(() => {
      this.#rateTimer = undefined;
      this.#updateFlow();
    }, pauseMs);
  }

  /** Takes the frame [start, end) if it is for us. If not, it must pass. */
  #takes(bytes: Buffer, start: number, end: number): boolean {
    // What stands behind a frame that ended the connection.
    if (this.destroyed) return true;
    const header = bytes[start]!;
    const type = header >> 4;
    if (type !== PUBLISH) return type === PINGRESP && this.#pings.answeredAlready();
    this.#publishes += 1;
    const options = this.#options;
    const qos = (header >> 1) & 3;
    // What is not well-formed passes: the endpoint knows how to refuse it.
    const topicStart = bodyStart(bytes, start) + 2;
    if (topicStart > end) return false;
    const topicEnd = topicStart + uint16At(bytes, topicStart - 2);
    let payloadStart = topicEnd + (qos === 0 ? 0 : 2);
    if (payloadStart > end) return false;
    const packetId = qos === 0 ? 0 : uint16At(bytes, topicEnd);
    if (options.protocolVersion === 5) {
      payloadStart = skipProperties(bytes, payloadStart, end);
      if (payloadStart > end) return false;
    }
    const topic = this.#topic;
    topic.set(bytes, topicStart, topicEnd);
    const isRetained = (header & 1) === 1;
    const lab = this.#mayTake(qos, isRetained)
      ? options.filters.labOfBytes(bytes, topicStart, topicEnd)
      : undefined;
    const { broker, intake } = options;
    if (lab === undefined || (broker !== undefined && !isPlainLab(lab)))
      return broker !== undefined && this.#refusesPassing(qos > 0 && packetId === 0);
    if (qos === 1 && packetId === 0) return this.#refuse(ID_0);

    const batch = intake.openBatch;
    this.#taken += 1;
    if (broker?.mayPublish !== undefined && !broker.mayPublish(topic.toString()))
      intake.refuse('not_authorized', bytes, payloadStart, end, topic);
    else {
      intake.receiveSlice(lab, bytes, payloadStart, end, topic, isRetained);
      if (broker?.copies.wants(topic, isRetained)) {
        const payload = Buffer.from(bytes.subarray(payloadStart, end));
        broker.copies.add({ topic: topic.toString(), payload, qos: qos === 0 ? 0 : 1, isRetained, batch });
      }
    }
    if (qos === 1 && this.#acks.add(batch, packetId)) intake.afterSettled(this.#onSettled);
    return true;
  }

  #mayTake(qos: number, isRetained: boolean): boolean {
    const { takeRetained, isTaking } = this.#options;
    return qos <= 1 && (!isRetained || takeRetained) && (isTaking === undefined || isTaking());
  }

  /** A broker ends the connection where its MQTT library would read something into what is no topic, or no packet id. */
  #refusesPassing(isId0: boolean): boolean {
    if (isId0) return this.#refuse(ID_0);
    return !this.#topic.isText && this.#refuse('a topic that is not UTF-8, or has a NUL [MQTT-1.5.3-1]');
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
        if (this.#outbound.isBetweenFrames) this.#toTransport(frames);
        else this.#heldAcks.push(frames);
        this.#options.onAcknowledge?.(unacknowledged);
      }
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
    if (
      this.#endpointFull ||
      this.#transportFull ||
      !this.#reading ||
      this.#unopened !== undefined ||
      this.isHeldBack
    )
      transport.pause();
    else if (transport.isPaused()) transport.resume();
  }

  /** Ends the connection. Nothing of what was refused passes. */
  #refuse(what: string): true {
    this.destroy(new Error(`connection ended: ${what}`));
    return true;
  }
}

function uint16At(bytes: Buffer, at: number): number {
  return bytes[at]! * 256 + bytes[at + 1]!;
}
