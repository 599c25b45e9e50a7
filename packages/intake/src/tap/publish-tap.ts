import { Duplex } from 'node:stream';
import type { SettledListener } from '../counting/commit-loop.js';
import type { PublishSource } from '../topics/publish-source.js';
import { AckedOutput } from './acked-output.js';
import { CONNECT, DISCONNECT, frameLength, PINGREQ, PINGRESP, PUBLISH } from './frame.js';
import { isOfWhatWasSent, type PauseReason } from './pause-reason.js';
import { PendingAcks } from './pending-acks.js';
import { Pings } from './pings.js';
import { plainError } from './plain-error.js';
import { PublishFrame } from './publish-frame.js';
import type { PublishTapOptions } from './publish-tap-options.js';
import { ackReason, ReasonedAcks } from './reasoned-acks.js';
import { SHORT_BYTES } from './single-publishes.js';
import { takeObservation } from './take-observation.js';
import type { Lender, TapGreeting, TapPolicy, TapTurns } from './tap-policy.js';
import { StreamTransport, type TapTransport, type TransportObserver } from './tap-transport.js';
import { type FrameReceiver, type RefusalKind, UnfinishedFrame } from './unfinished-frame.js';
import { UnreadBytes } from './unread-bytes.js';

const ID_0 = 'a publish with packet id 0 [MQTT-2.3.1-1]';
/** Bytes that are worked on before it is somebody else's turn. */
const SLICE_BYTES = 16_384;
/** The same where a frame means more work: of a client whose frames pass, and while copies are many. */
const SHORT_SLICE_BYTES = 512;
/** Frames that may pass before it is somebody else's turn. */
const PASSED_MAX = 25;
/** What a filter of a long SUBSCRIBE is taken for, each for a frame. */
const FILTER_BYTES = 64;
/** The publish at hand. One object reads those of all connections: nobody looks at it once the call has returned. */
const publish = new PublishFrame();
const PINGRESP_FRAME = Buffer.from([PINGRESP << 4, 0]);
const PING_BYTES = 2;
const NOT_LENT = -1;

/**
 * Stands between a transport and an MQTT endpoint. Observation publishes at QoS 0 and 1 are taken out of the
 * stream and handed to intake; every other byte passes. The tap writes their PUBACKs itself, once intake has
 * settled them.
 *
 *     transport ──bytes──▶ frames ──▶ observation publish? ──no──▶ endpoint
 *         ▲                               │ yes
 *         │                               ▼
 *         └──PUBACKs, settled──────── intake          endpoint ──bytes──▶ transport
 *
 *     entering ──the broker accepts the client──▶ open ──stopReading() or the endpoint ends──▶ stopped
 *        └── in front of a broker only                └──the other side ends──▶ ended
 *
 * Entering: what stands behind the CONNECT waits. Open: publishes are taken.
 * Stopped: nothing more is read, and what was taken is still acknowledged. Ended: the endpoint reads the last
 * words.
 *
 * Reading from the transport pauses for the reasons in pause-reason.ts, and goes on when there is none. While
 * intake is full, the endpoint's pings are answered here: the answers of the other side stand behind the
 * publishes that wait, and the endpoint would give up a connection that is merely waiting.
 *
 * A connection that has one publish at a time and nothing else is lent meanwhile: see single-publishes.ts. Whatever happens to
 * it, the tap has it back first.
 *
 * When the connection closes, its pending acknowledgements are forgotten: the other side sends those
 * publishes again.
 */
export class PublishTap extends Duplex implements TransportObserver, FrameReceiver, SettledListener, Lender {
  // A busy broker has thousands of taps, each cold in the caches when its turn comes. So what a publish needs stands here,
  // in the tap itself, side by side, and what only some connections need is made when they do.

  /** Nothing more goes out but what was written before. */
  #isClosing = false;
  readonly #output: AckedOutput;
  readonly #transport: TapTransport;
  readonly #options: PublishTapOptions;
  #acks: PendingAcks | ReasonedAcks = new PendingAcks();
  readonly #policy: TapPolicy | undefined;
  #phase: 'entering' | 'open' | 'stopped' | 'ended' = 'open';
  #version: 4 | 5;
  /** Where the connection is that is lent; NOT_LENT: it is not. */
  #place = NOT_LENT;
  /** What the last piece left unfinished. */
  #unfinished: UnfinishedFrame | undefined;
  /** Bytes that were read and not worked on: it is not their turn. */
  #unread: UnreadBytes | undefined;
  /** Of the publish that was taken last. */
  #lastReceipt: number | undefined;
  /** Publishes that came, those of them that were taken, and frames that passed. */
  #publishes = 0;
  #taken = 0;
  #passed = 0;
  /** Whether some of the last slice did. What comes first may, too. */
  #hasPassed = true;
  /** Whether the last piece was one publish, which was taken. */
  #wasAlone = false;
  /** Whether the bytes at hand are good until the call returns only. */
  #isShared = false;
  #endpointFull = false;
  #intakeFull = false;
  #waitsForRoom = false;
  /** The other side has ended, behind what is unread. */
  #endsLater = false;
  /** In front of a broker, until its CONNACK is written. */
  #greeting: TapGreeting | undefined;
  /** Of an endpoint that pings. */
  #pings: Pings | undefined;
  /** Of what the endpoint wrote last, once there is room. */
  #callback: ((error?: Error | null) => void) | undefined;

  /** @param policy of a tap in front of a broker. */
  constructor(transport: Duplex | TapTransport, options: PublishTapOptions, policy?: TapPolicy) {
    super();
    this.#transport = StreamTransport.of(transport);
    this.#options = options;
    this.#policy = policy;
    this.#version = options.protocolVersion;
    this.#output = new AckedOutput(this.#transport);
    if (policy !== undefined) {
      this.#phase = 'entering';
      this.#greeting = policy.greeting;
    }
    this.#transport.observe(this);
    this.#updateFlow();
  }

  /** Takes what the transport has read. */
  onReceived(bytes: Buffer): void {
    this.#takeBack();
    if (this.#phase === 'stopped') return;
    this.#policy?.onHeard?.();
    this.#isShared = this.#transport.isReadShared;
    if (this.#isAlone(bytes)) {
      this.#wasAlone = this.#takesAlone(bytes);
      if (!this.#wasAlone || this.#isTooMuch) this.#updateFlow();
      return;
    }
    this.#wasAlone = false;
    if (this.#phase === 'entering') this.#hold(bytes);
    else if (this.#unread !== undefined) this.#keepUnread(this.#unread, bytes);
    else {
      const at = this.#read(bytes);
      if (at < bytes.length) this.#keepUnread(undefined, bytes.subarray(at));
    }
    this.#updateFlow();
  }

  /** The other side says no more. The endpoint may still have to read its last words: why it disconnects us. */
  onEnd(): void {
    this.#takeBack();
    if (this.#phase === 'ended') return;
    if (this.#unread !== undefined) {
      this.#endsLater = true;
      return;
    }
    this.#phase = 'ended';
    this.once('end', () => this.destroy());
    this.push(null);
  }

  onFailure(error: Error): void {
    this.destroy(error);
  }

  onClosed(): void {
    this.#forgetAcks();
    this.onEnd();
  }

  onDrained(): void {
    this.#output.drained();
    this.#updateFlow();
    this.#policy?.onDrained?.();
    if (this.#callback === undefined || this.#output.isFull) return;
    const callback = this.#callback;
    this.#callback = undefined;
    callback();
  }

  /** Publishes taken and not yet acknowledged. */
  get unacknowledged(): number {
    return this.#acks.count + (this.#awaitsOne ? 1 : 0);
  }

  /** Whether reading has stopped, not for what the other side does not read, but for what it has sent. */
  get isHeldBack(): boolean {
    return isOfWhatWasSent(this.pauseReason);
  }

  /** Why it reads no more for the moment; undefined: it reads. */
  get pauseReason(): PauseReason | undefined {
    const policy = this.#policy;
    if (this.#intakeFull) return 'intake is full';
    if (this.#acks.count > this.#acks.countMax)
      return 'as many publishes as may be in flight await their acknowledgement';
    if (this.#phase === 'entering') return 'the client is not accepted yet';
    if (policy !== undefined) {
      if (policy.rate?.isOn) return 'the client publishes too fast';
      if (policy.copies.isFull) return 'copies for subscribers wait';
      if (this.#unread !== undefined || (policy.turns?.isFull && !this.#transport.isBrief))
        return 'it is not its turn';
    }
    if (this.#endpointFull) return 'the endpoint is full';
    if (this.#output.isFull) return 'the output is full';
    return this.#phase === 'stopped' ? 'reading has stopped' : undefined;
  }

  /** Publishes taken since the connection began. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * The client of a broker speaks MQTT 5. Publishes are taken that have no properties, and their PUBACKs say why one does
   * not count.
   * @param ackBytesMax a PUBACK that is longer says it without words.
   * @param room what is left of the Receive Maximum that the client was given, without the publishes that passed. What one
   *   sends beyond it, as mqtt.js does, is not read until there is an acknowledgement: no more is received than was said,
   *   and nobody is disconnected (3.2.2.3.3).
   */
  speak5(ackBytesMax: number, room: () => number): void {
    this.#version = 5;
    this.#acks = new ReasonedAcks(ackBytesMax, room);
  }

  /** The broker has accepted the client: what stands behind its CONNECT may come. */
  open(): void {
    if (this.#phase !== 'entering') return;
    this.#phase = 'open';
    this.#policy?.keeps?.(0);
    this.takeTurn();
  }

  /** A reason not to read is gone: there is room for copies again, or a pause is over. */
  readOn(): void {
    this.#updateFlow();
  }

  /** It is its turn to work on what it has read. */
  takeTurn(): void {
    const unread = this.#unread;
    if (unread !== undefined) {
      // While it is worked on, it is no reason to wait.
      this.#unread = undefined;
      this.#isShared = true;
      unread.drop(this.#read(unread.bytes));
      if (unread.length > 0 && !this.destroyed) this.#unread = unread;
      else this.#forgetUnread(unread);
      if (this.#endsLater) this.onEnd();
    }
    this.#updateFlow();
  }

  /** Answers a ping that may stand unread behind what is held back. */
  answerPing(): void {
    if (!this.destroyed) this.#output.acknowledge(PINGRESP_FRAME);
  }

  /** Takes no more publishes, and passes no more; those taken are still acknowledged. */
  stopReading(): void {
    if (this.#phase !== 'ended') this.#phase = 'stopped';
    this.#updateFlow();
  }

  /** The endpoint asks for what has passed. */
  override read(size?: number): unknown {
    const passed: unknown = super.read(size);
    if (passed === null) this.#policy?.turns?.rests(this);
    return passed;
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
    this.#transport.cork();
    for (const { chunk } of chunks) this.#send(chunk);
    this.#transport.uncork();
    this.#afterDrain(callback);
  }

  override end(...last: unknown[]): this {
    this.#takeBack();
    this.#isClosing = true;
    return super.end(...(last as []));
  }

  override _final(callback: (error?: Error | null) => void): void {
    // Reads to the end, without looking, so that the end is seen.
    if (this.#phase !== 'ended') this.#phase = 'stopped';
    this.#transport.resume();
    this.#transport.end(() => callback());
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#takeBack();
    this.#isClosing = true;
    this.#phase = 'ended';
    this.#forgetAcks();
    this.#forgetUnread(this.#unread);
    this.#unread = undefined;
    this.#unfinished?.end();
    this.#policy?.rate?.end();
    this.#policy?.turns?.rests(this);
    this.#transport.destroy();
    callback(error);
  }

  #forgetAcks(): void {
    this.#acks.clear();
    this.#output.clear();
  }

  /** Whether a piece is one publish, as sensors send them, and nothing is in the way of it. */
  #isAlone(bytes: Buffer): boolean {
    const { length } = bytes;
    if (this.#phase !== 'open' || this.#unfinished !== undefined || this.#unread !== undefined) return false;
    if (length > SHORT_BYTES || bytes[0]! >> 4 !== PUBLISH) return false;
    const turns = this.#policy?.turns;
    if (turns !== undefined && !this.#isItsTurn(bytes, turns)) return false;
    return frameLength(bytes, 0, length) === length && length <= this.#options.frameBytesMax;
  }

  /** Does with such a piece what `#read()` would do, and looks at no more than it must. @returns whether it was taken. */
  #takesAlone(bytes: Buffer): boolean {
    const { length } = bytes;
    const taken = this.#taken;
    publish.receivedMs = this.#policy?.turns?.receivedMs ?? this.#options.intake.nowMs;
    const isTaken = this.takes(bytes, 0, length);
    if (!isTaken) this.pass(bytes, 0, length);
    this.#count(length, this.#taken - taken, 1, isTaken ? 0 : 1);
    return isTaken && this.#taken > taken;
  }

  /** Whether a publish that was taken is a reason to read no more, where there was none before. */
  get #isTooMuch(): boolean {
    const policy = this.#policy;
    if (this.#options.intake.isFullFor(this.#lastReceipt) || this.#acks.count > this.#acks.countMax)
      return true;
    return (
      policy !== undefined && (policy.rate?.isOn || policy.copies.isFull || policy.turns?.isFull) === true
    );
  }

  /** Works on bytes, as far as it is their turn. @returns how many are done with. */
  #read(chunk: Buffer): number {
    const turns = this.#policy?.turns;
    publish.receivedMs = turns === undefined ? this.#options.intake.nowMs : turns.receivedMs;
    if (turns === undefined || (chunk.length <= SHORT_BYTES && this.#isItsTurn(chunk, turns))) {
      this.#work(chunk);
      return chunk.length;
    }
    const passed = this.#passed;
    let mayPass: boolean | undefined;
    for (let at = 0; at < chunk.length && this.#phase === 'open'; ) {
      this.#lookAtIntake();
      if (this.#hasPassed) mayPass ??= turns.mayPass(this);
      const hasLeft = this.#hasPassed ? mayPass : turns.hasLeft;
      // What passes is worked on when this call has returned: only then one can see how long it takes.
      if (!hasLeft || this.#passed - passed >= PASSED_MAX || isOfWhatWasSent(this.pauseReason)) return at;
      const isShort = this.#hasPassed || this.#policy?.copies.isScarce;
      const end = at + (isShort ? SHORT_SLICE_BYTES : SLICE_BYTES);
      this.#work(chunk.subarray(at, end));
      at = end;
    }
    return chunk.length;
  }

  /** Whether a short piece is worked on at once: an observation, so far as one can see, or a ping. */
  #isItsTurn(chunk: Buffer, turns: TapTurns): boolean {
    const type = chunk[0]! >> 4;
    if (type === PUBLISH ? !this.#hasPassed : type === PINGREQ) return true;
    return turns.mayPass(this);
  }

  #work(bytes: Buffer): void {
    const taken = this.#taken;
    const publishes = this.#publishes;
    const passed = this.#passed;
    const wasWithinLong = this.#unfinished?.isWithinPassing === true;
    this.#takeFrames(bytes);
    // A frame that passes in pieces is a SUBSCRIBE or an UNSUBSCRIBE, with as much work as it has filters.
    if (wasWithinLong || this.#unfinished?.isWithinPassing === true)
      this.#passed += Math.ceil(bytes.length / FILTER_BYTES);
    this.#count(bytes.length, this.#taken - taken, this.#publishes - publishes, this.#passed - passed);
  }

  /** Counts what a piece of so many bytes had. */
  #count(bytes: number, taken: number, publishes: number, passed: number): void {
    if (taken > 0) this.#options.onTaken?.();
    const policy = this.#policy;
    if (policy === undefined) return;
    // A ping says nothing of what comes next.
    if (!(passed > 0 && bytes === PING_BYTES)) this.#hasPassed = passed > 0;
    if (publishes > 0 && !this.#isClosing) policy.rate?.spend(publishes);
  }

  #keepUnread(before: UnreadBytes | undefined, bytes: Buffer): void {
    const kept = before?.memory ?? 0;
    if (before === undefined) this.#unread = new UnreadBytes(bytes);
    else before.add(bytes);
    this.#policy?.turns?.keep(this.#unread!.memory - kept);
  }

  #forgetUnread(unread: UnreadBytes | undefined): void {
    if (unread === undefined) return;
    this.#policy?.turns?.keep(-unread.memory);
    unread.end();
  }

  /** Keeps what comes before the client is accepted, as long as there is room. */
  #hold(bytes: Buffer): void {
    this.#keepUnread(this.#unread, bytes);
    if (!this.keeps(this.#unread!.memory)) this.refuse('no room for what stands behind a CONNECT', 'no_room');
  }

  /** Cuts a piece into frames. A whole one is looked at where it stands. */
  #takeFrames(chunk: Buffer): void {
    const { frameBytesMax, skipTooLong } = this.#options;
    let at = this.#unfinished === undefined ? 0 : this.#finish(this.#unfinished, chunk);
    /** Start of the bytes that pass and have not been handed on yet. */
    let passFrom = at;
    while (at < chunk.length) {
      const length = frameLength(chunk, at, chunk.length);
      const end = at + length;
      if (length < 0 || end > chunk.length) break;
      if (length > frameBytesMax && !(skipTooLong && chunk[at]! >> 4 === PUBLISH)) break;
      if (this.takes(chunk, at, end)) {
        this.pass(chunk, passFrom, at);
        passFrom = end;
      }
      at = end;
    }
    this.pass(chunk, passFrom, at);
    if (at === chunk.length || this.#phase !== 'open') return;
    this.#unfinished = new UnfinishedFrame(this.#options, this);
    this.#unfinished.begin(chunk, at);
  }

  /** @returns where the next frame starts. */
  #finish(unfinished: UnfinishedFrame, chunk: Buffer): number {
    const at = unfinished.goOn(chunk);
    if (unfinished.isDone) this.#unfinished = undefined;
    return at;
  }

  takes(bytes: Buffer, start: number, end: number): boolean {
    if (this.#isTaken(bytes, start, end)) return true;
    this.#passed += 1;
    return false;
  }

  pass(bytes: Buffer, start: number, end: number, areOurs = false): void {
    if (start === end) return;
    const whole = bytes.subarray(start, end);
    const passing = areOurs || this.#isShared ? Buffer.from(whole) : whole;
    const turns = this.#policy?.turns;
    turns?.works(this, passing.length > SHORT_BYTES ? passing.length : 0);
    if (!this.push(passing)) this.#endpointFull = true;
    // The endpoint has taken it at once.
    if (this.readableLength === 0) turns?.rests(this);
  }

  keeps(bytes: number): boolean {
    return this.#policy?.keeps?.(bytes) ?? true;
  }

  refuse(what: string, kind: RefusalKind): void {
    this.#refuse(`${what} (limit ${this.#options.frameBytesMax} bytes)`, kind);
  }

  /** Takes the frame [start, end) if it is for us. If not, it must pass. */
  #isTaken(bytes: Buffer, start: number, end: number): boolean {
    // What stands behind a frame that ended the connection.
    if (this.#phase !== 'open') return true;
    const policy = this.#policy;
    const type = bytes[start]! >> 4;
    if (type !== PUBLISH) {
      // A client says no more behind these [MQTT-3.14.4-1, MQTT-3.1.0-2]: what it sends all the same is nobody's.
      if (policy !== undefined && (type === DISCONNECT || type === CONNECT)) this.#phase = 'stopped';
      return type === PINGRESP && this.#pings?.answeredAlready() === true;
    }
    this.#publishes += 1;
    const { sources, takeRetained, takesPublishes = true } = this.#options;
    const version = this.#version;
    // What is not well-formed passes: the endpoint knows how to refuse it.
    if (!publish.read(bytes, start, end, version)) return false;
    // They may concern others: a topic alias, or those who subscribe.
    if (version === 5 && policy !== undefined && publish.hasProperties) return false;
    const { qos, packetId } = publish;
    const source =
      qos <= 1 && takesPublishes && (!publish.isRetained || takeRetained)
        ? sources.findBytes(bytes, publish.topicStart, publish.topicEnd)
        : undefined;
    if (source === undefined || (policy !== undefined && !sources.isPlain(source)))
      return policy !== undefined && version === 4 && this.#refusesPassing();
    if (qos === 1 && packetId === 0) return this.#refuse(ID_0, 'protocol');
    this.#take(source);
    return true;
  }

  /** Takes the publish at hand. */
  #take(source: PublishSource): void {
    const { intake, sources } = this.#options;
    const { qos, packetId } = publish;
    this.#taken += 1;
    // What it has more afterwards counts of this one, even if its PUBACK has to name a reason.
    const inFlight = this.#version === 5 ? intake.ledger.inFlight : 0;
    const reason = takeObservation(publish, source, this.#options, this.#policy);
    const { receipt } = intake;
    this.#lastReceipt = receipt;
    if (qos !== 1) return;
    const acks = this.#acks;
    const isFirst =
      acks instanceof PendingAcks
        ? acks.add(receipt, packetId)
        : acks.add(
            receipt,
            packetId,
            reason && ackReason(reason, intake.ledger.inFlight > inFlight),
            source.labOf?.(sources.match),
          );
    if (isFirst) intake.afterSettled(this, receipt);
  }

  /**
   * A broker ends the connection where its MQTT library would read something into what is no topic, or no
   * packet id.
   */
  #refusesPassing(): boolean {
    const { qos, packetId, topic } = publish;
    if (qos > 0 && packetId === 0) return this.#refuse(ID_0, 'protocol');
    return (
      !topic.isText && this.#refuse('a topic that is not UTF-8, or has a NUL [MQTT-1.5.3-1]', 'malformed')
    );
  }

  /** Writes the PUBACKs of everything that is settled by now. */
  onSettled(refusedLabs: ReadonlySet<string>): void {
    if (this.#isClosing) return;
    const { intake, onAcknowledge } = this.#options;
    const unacknowledged = this.#acks.count;
    const frames = this.#acks.takeSettled(intake, refusedLabs);
    if (frames !== undefined) {
      if (this.#output.acknowledge(frames)) PendingAcks.keep(frames);
      onAcknowledge?.(unacknowledged);
    }
    // While it reads, nothing of this can have become a reason not to, but what the other side does not read.
    if (this.#transport.isPaused || this.#output.isFull) this.#updateFlow();
    else if (this.#place === NOT_LENT && this.#wasAlone && this.#acks.count === 0) this.#lend();
  }

  /** Lends its connection, of which the last piece was one publish, and nothing else has to be done. */
  #lend(): void {
    const { singles, rate } = this.#policy ?? {};
    const { lendable, keepsWritten } = this.#transport;
    if (singles === undefined || rate !== undefined || lendable === undefined) return;
    if (this.#phase !== 'open' || this.#version === 5 || keepsWritten || !this.#output.isIdle) return;
    this.#place = singles.borrow(this, lendable, this.#policy!, this.#lastReceipt!);
  }

  takeBack(): void {
    this.#takeBack();
    this.#updateFlow();
  }

  /** Everything of its connection is here again. */
  #takeBack(): void {
    const place = this.#place;
    if (place === NOT_LENT) return;
    const singles = this.#policy!.singles!;
    const packetId = singles.packetIdOf(place);
    const receipt = singles.receiptOf(place);
    this.#place = NOT_LENT;
    singles.giveBack(place);
    this.#transport.lendable!.takeBack();
    this.#lastReceipt = receipt;
    if (packetId !== 0) (this.#acks as PendingAcks).add(receipt, packetId);
  }

  get #awaitsOne(): boolean {
    return this.#place !== NOT_LENT && this.#policy!.singles!.packetIdOf(this.#place) !== 0;
  }

  /** Sends bytes of the endpoint. */
  #send(chunk: Buffer): void {
    this.#takeBack();
    const bytes = this.#greeting === undefined ? chunk : this.#mended(chunk, this.#greeting);
    if (bytes.length === 0) return;
    const started = this.#output.send(bytes);
    if (started === undefined || started >> 4 !== PINGREQ) return;
    this.#pings ??= new Pings(() => this.push(PINGRESP_FRAME));
    this.#pings.asked();
    if (this.#intakeFull) this.#pings.answer();
  }

  #mended(chunk: Buffer, greeting: TapGreeting): Buffer {
    const mended = greeting.mend(chunk);
    if (greeting.isPast) this.#greeting = undefined;
    return mended;
  }

  #afterDrain(callback: (error?: Error | null) => void): void {
    this.#updateFlow();
    if (this.#output.isFull) this.#callback = callback;
    else callback();
  }

  /** Reads on, or stops reading: see the top. */
  #updateFlow(): void {
    this.#takeBack();
    if (this.#isClosing) return;
    const transport = this.#transport;
    this.#lookAtIntake();
    if (this.#intakeFull) this.#waitForRoom();
    const reason = this.pauseReason;
    if (reason === undefined) {
      if (transport.isPaused) transport.resume();
      return;
    }
    transport.pause();
    if (reason === 'it is not its turn' && this.#unread !== undefined)
      this.#policy!.turns!.wait(this, this.#hasPassed ? 'pass' : 'take');
  }

  #lookAtIntake(): void {
    // Not within a frame that passes: only between frames may a ping be answered.
    this.#intakeFull =
      this.#options.intake.isFullFor(this.#lastReceipt) && this.#unfinished?.isWithinPassing !== true;
  }

  #waitForRoom(): void {
    this.#pings?.answer();
    if (this.#waitsForRoom) return;
    this.#waitsForRoom = true;
    this.#options.intake.afterSettled(() => {
      this.#waitsForRoom = false;
      this.#updateFlow();
    }, this.#lastReceipt);
  }

  /** Ends the connection. Nothing of what was refused passes. */
  #refuse(what: string, kind: RefusalKind): true {
    if (this.#policy?.onRefused?.(what, kind) === true) {
      this.#phase = 'stopped';
      this.#unfinished?.end();
      this.#forgetUnread(this.#unread);
      this.#unread = undefined;
      this.keeps(0);
    } else this.destroy(plainError(`connection ended: ${what}`));
    return true;
  }
}
