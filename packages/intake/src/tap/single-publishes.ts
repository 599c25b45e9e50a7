import type { SettledListener } from '../counting/commit-loop.js';
import { PUBACK } from './ack-frame.js';
import { frameLength, PUBLISH } from './frame.js';
import { PublishFrame } from './publish-frame.js';
import type { PublishTapOptions } from './publish-tap-options.js';
import { takeObservation } from './take-observation.js';
import type { Borrower, Lender, TapPolicy, TapTurns } from './tap-policy.js';
import type { Lendable, PieceTaker, Port } from './tap-transport.js';

/** Numbers of a place: the packet id that awaits its acknowledgement, or 0, the receipt of its publish, and when `onHeard()` was called last. */
const PLACE_LENGTH = 3;
const PLACES_AT_FIRST = 64;
/** What a sensor sends at a time. */
export const SHORT_BYTES = 512;
const PUBACK_BYTES = 4;
/** The publish at hand: nobody looks at it once the call has returned. */
const publish = new PublishFrame();

/** What lent connections have in common: a publish that looks at it need not look at its own connection, which is cold in the caches. */
export interface CommonPolicy {
  /** Of all connections, if none has rules of its own. */
  readonly policy: TapPolicy | undefined;
  /** `onHeard()` is called when it has gone on since the last publish of a connection. */
  readonly clock: { readonly servedMs: number };
}

/**
 * What sensors do almost all the time, for all connections of a broker: one observation at QoS 1, in a piece of its own, while none
 * awaits its acknowledgement.
 *
 *     the tap lends its connection ──▶ a piece ──▶ one such publish, and nothing in the way? ──yes──▶ intake, settled ──▶ PUBACK
 *          ▲                                           │ no
 *          └─────────────── takes it back ◀────────────┘ whatever it is
 *
 * A tap does all of this, too, and everything else. But a busy broker has thousands, and what one publish needs of a tap, its
 * transport and what awaits acknowledgement there lies in a dozen places of the memory, each cold in the caches when its
 * turn comes. Here it lies in one, beside those of other connections.
 */
export class SinglePublishes implements PieceTaker, Borrower {
  #numbers = new Float64Array(PLACES_AT_FIRST * PLACE_LENGTH);
  readonly #ports: (Port | undefined)[] = [];
  readonly #policies: (TapPolicy | undefined)[] = [];
  readonly #lenders: (Lender | undefined)[] = [];
  readonly #freed: number[] = [];
  /** Those that wait for the same batch as the publish that came last. */
  #newest: WaitingPlaces | undefined;
  readonly #spare: WaitingPlaces[] = [];
  #ack = emptyAck();

  /** @param writes writes to the port of a lent connection. @returns false if the bytes are still needed, or it has failed. */
  constructor(
    readonly options: PublishTapOptions,
    readonly turns: TapTurns,
    readonly writes: (port: Port, bytes: Buffer) => boolean,
    readonly common: CommonPolicy,
  ) {}

  /** Connections that are lent, or whose last publish is not settled yet. */
  get size(): number {
    return this.#lenders.length - this.#freed.length;
  }

  borrow(lender: Lender, transport: Lendable, policy: TapPolicy, receipt: number): number {
    const place = this.#freed.pop() ?? this.#lenders.length;
    const at = place * PLACE_LENGTH;
    if (at === this.#numbers.length) this.#grow();
    this.#numbers[at] = 0;
    this.#numbers[at + 1] = receipt;
    this.#numbers[at + 2] = Number.NaN;
    this.#lenders[place] = lender;
    this.#policies[place] = policy;
    this.#ports[place] = transport.lend(this, place);
    return place;
  }

  giveBack(place: number): void {
    this.#ports[place] = undefined;
    this.#policies[place] = undefined;
    if (this.packetIdOf(place) === 0) this.#free(place);
  }

  #free(place: number): void {
    this.#lenders[place] = undefined;
    this.#freed.push(place);
  }

  packetIdOf(place: number): number {
    return this.#numbers[place * PLACE_LENGTH]!;
  }

  receiptOf(place: number): number {
    return this.#numbers[place * PLACE_LENGTH + 1]!;
  }

  takes(place: number, bytes: Buffer): boolean {
    const { length } = bytes;
    if (length > SHORT_BYTES || bytes[0]! >> 4 !== PUBLISH || frameLength(bytes, 0, length) !== length)
      return false;
    const numbers = this.#numbers;
    const at = place * PLACE_LENGTH;
    if (numbers[at] !== 0) return false;
    const { intake, sources, frameBytesMax } = this.options;
    if (
      length > frameBytesMax ||
      !publish.read(bytes, 0, length, 4) ||
      publish.qos !== 1 ||
      publish.isRetained
    )
      return false;
    const { packetId } = publish;
    const source = sources.findBytes(bytes, publish.topicStart, publish.topicEnd);
    if (source === undefined || packetId === 0 || !sources.isPlain(source)) return false;

    const { common } = this;
    const policy = common.policy ?? this.#policies[place]!;
    // To hand on a copy may have all taps look whether they may read, and take back what they have lent.
    if (policy.copies.wants(publish.topic, false)) return false;
    publish.receivedMs = this.turns.receivedMs;
    const { servedMs } = common.clock;
    if (numbers[at + 2] !== servedMs) {
      numbers[at + 2] = servedMs;
      this.#policies[place]!.onHeard?.();
    }
    takeObservation(publish, source, this.options, policy);
    const { receipt } = intake;
    numbers[at] = packetId;
    numbers[at + 1] = receipt;
    this.#await(place, receipt);
    this.options.onTaken?.();
    if (intake.isFullFor(receipt)) this.#lenders[place]!.takeBack();
    return true;
  }

  #grow(): void {
    const numbers = new Float64Array(this.#numbers.length * 2);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }

  #await(place: number, receipt: number): void {
    let waiting = this.#newest;
    if (waiting?.receipt !== receipt) {
      waiting = this.#spare.pop() ?? new WaitingPlaces((...settled) => this.#acknowledge(...settled));
      waiting.receipt = receipt;
      this.#newest = waiting;
      this.options.intake.afterSettled(waiting, receipt);
    }
    waiting.add(place);
  }

  #acknowledge(waiting: WaitingPlaces, refusedLabs: ReadonlySet<string>): void {
    const { places, count } = waiting;
    const numbers = this.#numbers;
    let lenders: Lender[] | undefined;
    for (let i = 0; i < count; i++) {
      const place = places[i]!;
      const at = place * PLACE_LENGTH;
      const packetId = numbers[at]!;
      numbers[at] = 0;
      const port = this.#ports[place];
      if (port === undefined) {
        lenders ??= [];
        lenders.push(this.#lenders[place]!);
        this.#free(place);
        continue;
      }
      const ack = this.#ack;
      ack[2] = packetId >> 8;
      ack[3] = packetId & 0xff;
      if (this.writes(port, ack)) continue;
      // The kernel reads it later.
      this.#ack = emptyAck();
      this.#lenders[place]!.takeBack();
    }
    waiting.count = 0;
    if (this.#newest === waiting) this.#newest = undefined;
    this.#spare.push(waiting);
    // They may lend again.
    if (lenders !== undefined) for (const lender of lenders) lender.onSettled(refusedLabs);
  }
}

/** Places of which a publish went into the same batch. */
class WaitingPlaces implements SettledListener {
  receipt = 0;
  /** The first `count` of them: the array is used again, as to let one grow costs more. */
  readonly places: number[] = [];
  count = 0;

  constructor(readonly settled: (waiting: WaitingPlaces, refusedLabs: ReadonlySet<string>) => void) {}

  add(place: number): void {
    this.places[this.count++] = place;
  }

  onSettled(refusedLabs: ReadonlySet<string>): void {
    this.settled(this, refusedLabs);
  }
}

function emptyAck(): Buffer {
  const ack = Buffer.allocUnsafeSlow(PUBACK_BYTES);
  ack[0] = PUBACK;
  ack[1] = 2;
  return ack;
}
