import type { SettledListener } from '../counting/commit-loop.js';
import type { Lendable } from './tap-transport.js';
import type { RefusalKind } from './unfinished-frame.js';

/**
 * What a tap in front of a broker asks besides: who comes in, how fast it may publish, and who else wants its
 * publishes.
 */
export interface TapPolicy {
  /** Asked for when the connection begins. Undefined: what the endpoint writes goes out as it is. */
  readonly greeting: TapGreeting | undefined;
  /** Undefined: publishes as fast as they come. */
  readonly rate: TapRate | undefined;
  /** Undefined: everybody may publish everything. */
  readonly rules: TapRules | undefined;
  readonly copies: PublishCopies;
  /** Hands on a copy that is wanted, once its observations are settled. */
  copy(copy: PublishCopy): void;
  /** Undefined: all that comes is worked on at once. */
  readonly turns?: TapTurns;
  /** Whom a connection is lent to that has nothing but one publish at a time. */
  readonly singles?: Borrower | undefined;
  /**
   * Counts the bytes that are kept of a frame which is not whole, or while the client is not accepted. @returns false if there is no room for so
   * many.
   */
  keeps?(bytes: number): boolean;
  /** Called with each piece that comes. */
  onHeard?(): void;
  /** The other side reads again what it did not. */
  onDrained?(): void;
  /**
   * Nothing more can be read from this connection. @returns whether it is ended, with a word of why; if not,
   * it breaks.
   */
  onRefused?(what: string, kind: RefusalKind): boolean;
}

/** Shares the work of reading among connections, so that one that sends much does not hold up the others. */
export interface TapTurns {
  /**
   * When what is read in this turn came, Unix milliseconds: one look at the clock is enough for all of it.
   */
  readonly receivedMs: number;
  /** Whether there is time left in this turn of the event loop. */
  readonly hasLeft: boolean;
  /** Whether it may pass frames now: there is less time for them, as what they cost is not known. */
  mayPass(tap: object): boolean;
  /** Frames of it have passed which its endpoint has not taken yet. @param longBytes of those that are long. */
  works(tap: object, longBytes: number): void;
  /** Its endpoint asks for more. */
  rests(tap: object): void;
  /**
   * Whether so much is unread that nobody reads more but those who read little at a time. When that changes, `readOn()` of
   * all taps must be called.
   */
  readonly isFull: boolean;
  /** Counts bytes that are kept unread, or not any more. */
  keep(bytes: number): void;
  /** Calls `takeTurn()` of the tap once, when it is its turn. */
  wait(tap: { takeTurn(): void }, kind: TurnKind): void;
}

/** What one waits for: to work on observations, or on frames that pass. */
export type TurnKind = 'take' | 'pass';

/**
 * What the client may publish. What it may not is rejected as `not_authorized`, and acknowledged: MQTT 5 says why, 3.1.1 has
 * no other answer [MQTT-3.3.5-2].
 */
export interface TapRules {
  /** Whether it may publish observations on a topic. */
  mayPublish(topic: string): boolean;
  /** Whether it may publish observations of a lab that the payload names, not the topic. */
  mayCount(lab: string): boolean;
}

/** The first bytes that the endpoint writes, which may be changed on their way. */
export interface TapGreeting {
  /** Whether there is nothing more to change. */
  readonly isPast: boolean;
  /** The next piece, as it goes out. */
  mend(bytes: Buffer): Buffer;
}

/** How fast a client may publish. When a pause is over, `readOn()` of the tap must be called. */
export interface TapRate {
  /** Whether reading pauses. */
  readonly isOn: boolean;
  /** Counts publishes that came, on any topic. */
  spend(publishes: number): void;
  /** The connection has ended. */
  end(): void;
}

/** Copies of observation publishes, for whoever else subscribes to them. */
export interface PublishCopies {
  /** Whether somebody wants a copy of what is published on a topic. Asked for each publish. */
  wants(topic: { toString(): string }, isRetained: boolean): boolean;
  /** Whether reading must stop until there is room again; then `readOn()` of the tap must be called. */
  readonly isFull: boolean;
  /** Whether so many are under way that only little may be taken before `isFull` is asked again. */
  readonly isScarce: boolean;
}

export interface PublishCopy {
  readonly topic: string;
  /** Bytes of its own. */
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly isRetained: boolean;
  /** Where intake put its observations. */
  readonly receipt: number;
}

/** A tap that has lent its connection. When it has it back, `onSettled()` says that what awaits its acknowledgement is settled. */
export interface Lender extends SettledListener {
  /** Has everything back at once, with what awaits its acknowledgement, and looks whether it may read on. */
  takeBack(): void;
}

/** Serves connections that have one publish at a time. */
export interface Borrower {
  /** Borrows a connection of which nothing awaits its acknowledgement. @param receipt of its last publish. @returns its place. */
  borrow(lender: Lender, transport: Lendable, policy: TapPolicy, receipt: number): number;
  /** Gives a connection back. If a publish of it awaits its acknowledgement, the lender's `onSettled()` is called when it is settled. */
  giveBack(place: number): void;
  /** Of the publish that awaits its acknowledgement; 0: there is none. */
  packetIdOf(place: number): number;
  /** Of the last publish. */
  receiptOf(place: number): number;
}
