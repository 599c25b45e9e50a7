import {
  AckCode,
  type AckReason,
  ackReason,
  type Intake,
  PayloadSlice,
  type Publish,
  type PublishSource,
  plainError,
  type SourceTable,
} from '@humtemp/intake';
import type { Budget } from '../budgets/budget.js';
import type { Connection } from '../connection/connection.js';
import type { BrokerCounters } from '../counters.js';
import { RECEIPT_BYTES } from '../sessions/session.js';
import type { SessionOwner, Sessions } from '../sessions/sessions.js';
import { PendingReceipts } from './pending-receipts.js';
import { contentOf } from './publish-content.js';

export interface SlowLaneOptions {
  readonly sources: SourceTable;
  readonly intake: Intake;
  readonly sessions: Sessions;
  readonly counters: BrokerCounters;
  /** For QoS 2 publishes that are not released. */
  readonly budget: Budget;
}

type Callback = (error?: Error | null) => void;

/** A publish as an MQTT library has read it. */
export interface ReceivedPublish {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly qos: 0 | 1 | 2;
  readonly messageId?: number | undefined;
  dup: boolean;
}

/** What became of a publish, if it was not simply taken. */
export interface Verdict extends AckReason {
  /** Whether it goes to no subscriber. */
  readonly isRefused: boolean;
}

/** The code is enough to tell. */
const RESERVED: Verdict = { code: AckCode.notAuthorized, text: undefined, isRefused: true };
const NOT_ALLOWED: Verdict = { ...ackReason('not_authorized'), isRefused: true };
const TOO_MANY: Verdict = {
  code: AckCode.quotaExceeded,
  text: 'too many publishes at QoS 2 that are not released',
  isRefused: true,
};
const UNWANTED: Verdict = { code: AckCode.noSubscribers, text: undefined, isRefused: false };

/**
 * Publishes that reach an MQTT library. It asks before it acknowledges one, and has its answer once intake has settled
 * what is an observation. What is refused is acknowledged, and goes nowhere: in MQTT 3.1.1 an error would end the
 * connection, and in MQTT 5 the acknowledgement says why.
 */
export class SlowLane {
  readonly #receipts = new PendingReceipts();
  readonly #verdicts = new WeakMap<ReceivedPublish, Verdict>();

  constructor(readonly options: SlowLaneOptions) {}

  /** A clean session begins. */
  endSession(clientId: string): void {
    this.#receipts.endSession(clientId);
  }

  /** Whether QoS 2 publishes of the client's session await their commit. */
  isReceiving(clientId: string): boolean {
    return this.#receipts.hasSession(clientId);
  }

  /** What became of a publish, once that was called back; undefined: it was taken. */
  verdictOf(packet: ReceivedPublish): Verdict | undefined {
    return this.#verdicts.get(packet);
  }

  /** Calls back when a publish may be acknowledged. @param connection undefined: it has ended. */
  receive(
    client: SessionOwner,
    connection: Connection | undefined,
    packet: ReceivedPublish,
    isWill: boolean,
    callback: Callback,
  ): void {
    const { sources, counters, intake } = this.options;
    const { topic } = packet;
    const isDup = packet.dup;
    // It says something of this hop only [MQTT-3.3.1-3].
    packet.dup = false;
    if (packet.qos === 2 && !isWill && !this.#hasRoomFor(client, connection, packet.messageId!)) {
      this.#verdicts.set(packet, TOO_MANY);
      if (connection?.version === 5) callback();
      // Neither counted nor acknowledged: it comes again.
      else connection?.hold('too many publishes at QoS 2 that it has not released');
      return;
    }
    const isReserved = topic.startsWith('$');
    const mayPublish = !isReserved && connection?.mayPublish(topic) === true;
    if (isReserved) {
      counters.reservedRefused += 1;
      connection?.warn('publish refused', 'a topic that starts with $ is the broker’s own', topic);
    }
    if (!mayPublish && !isWill) this.#verdicts.set(packet, isReserved ? RESERVED : NOT_ALLOWED);
    const error =
      mayPublish || !isWill ? null : plainError('the will is on a topic that it may not publish on');
    const source = sources.find(topic);
    const { match } = sources;
    if (source === undefined) {
      if (mayPublish) {
        intake.unmatched.add(topic);
        if (connection?.version === 5) this.#verdicts.set(packet, UNWANTED);
      } else if (!isReserved) counters.notAuthorized += 1;
      callback(error);
      return;
    }
    const receive = () => this.#receive(source, match, packet, mayPublish ? connection : undefined);
    if (packet.qos === 2 && !isWill)
      this.#receiveOnce(client, connection, packet, isDup, receive, (refusedLabs) => {
        this.#noteRefused(source, match, packet, refusedLabs);
        callback(error);
      });
    else {
      receive();
      intake.afterSettled((refusedLabs) => {
        this.#noteRefused(source, match, packet, refusedLabs);
        callback(error);
      }, intake.receipt);
    }
  }

  #hasRoomFor(client: SessionOwner, connection: Connection | undefined, packetId: number): boolean {
    const { budget, sessions } = this.options;
    return budget.hasRoom(connection?.owner ?? '', RECEIPT_BYTES) || sessions.hasReceived(client, packetId);
  }

  /** What was received already at QoS 2 and not released yet is the same publish again [MQTT-4.3.3-2]. */
  #receiveOnce(
    client: SessionOwner,
    connection: Connection | undefined,
    packet: ReceivedPublish,
    isDup: boolean,
    receive: () => void,
    settled: (refusedLabs: ReadonlySet<string>) => void,
  ): void {
    const { intake, sessions, budget } = this.options;
    const receipts = this.#receipts;
    const owner = connection?.owner ?? '';
    budget.change(owner, RECEIPT_BYTES);
    const receipt = { client, packetId: packet.messageId!, content: contentOf(packet) };
    const isAgain = receipts.has(receipt, isDup) || sessions.isReceivedAgain(receipt, isDup);
    if (!isAgain) receive();
    receipts.add(receipt);
    const settledBy = isAgain ? undefined : intake.receipt;
    intake.afterSettled((refusedLabs) => {
      budget.give(owner, RECEIPT_BYTES);
      // Of a session that is over, it would be stored in the next one.
      if (!sessions.hasEnded(client) && !receipts.hasEnded(client)) {
        // Once the first is stored, subscribers do not get the second.
        if (isAgain) setImmediate(settled, refusedLabs);
        else settled(refusedLabs);
      }
      // It is stored by the next turn of the event loop.
      setImmediate(() => receipts.remove(receipt));
    }, settledBy);
  }

  #receive(
    source: PublishSource,
    match: unknown,
    packet: ReceivedPublish,
    connection: Connection | undefined,
  ): void {
    const { intake } = this.options;
    const { payload, topic } = packet;
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    // A client publishes it now, retained or not.
    const mayCount =
      source.labOf?.(match) === undefined ? (lab: string) => connection?.mayCount(lab) === true : undefined;
    const publish: Publish = { topic, payload: PayloadSlice.of(bytes), isReplayed: false, mayCount };
    if (connection === undefined) {
      intake.refuse(source, 'not_authorized', publish);
      return;
    }
    const before = intake.ledger.inFlight;
    const reason = intake.take(source, match, publish);
    if (reason === undefined) return;
    const isInPart = intake.ledger.inFlight > before;
    this.#verdicts.set(packet, { ...ackReason(reason, isInPart), isRefused: false });
  }

  /** The store has no room for the lab that a topic names. */
  #noteRefused(
    source: PublishSource,
    match: unknown,
    packet: ReceivedPublish,
    refusedLabs: ReadonlySet<string>,
  ): void {
    if (refusedLabs.size === 0 || this.#verdicts.has(packet)) return;
    const lab = source.labOf?.(match);
    if (lab !== undefined && refusedLabs.has(lab))
      this.#verdicts.set(packet, { ...ackReason('too_many_labs'), isRefused: false });
  }
}
