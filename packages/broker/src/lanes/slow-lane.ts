import {
  type Intake,
  PayloadSlice,
  type Publish,
  type PublishSource,
  type SourceTable,
} from '@humtemp/intake';
import type { Client, PublishPacket } from 'aedes';
import type { Budget } from '../budgets/budget.js';
import type { Connection } from '../connection/connection.js';
import type { BrokerCounters } from '../counters.js';
import { RECEIPT_BYTES } from '../sessions/session.js';
import type { Sessions } from '../sessions/sessions.js';
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

/**
 * Publishes that reach the MQTT library. It asks before it acknowledges one, and has its answer once intake has settled
 * what is an observation. An error would end the connection, so what is refused is acknowledged, and goes nowhere.
 */
export class SlowLane {
  readonly #receipts = new PendingReceipts();
  readonly #refused = new WeakSet<PublishPacket>();

  constructor(readonly options: SlowLaneOptions) {}

  /** A clean session begins. */
  endSession(clientId: string): void {
    this.#receipts.endSession(clientId);
  }

  /** Whether QoS 2 publishes of the client's session await their commit. */
  isReceiving(clientId: string): boolean {
    return this.#receipts.hasSession(clientId);
  }

  /** Whether a publish was refused, and goes to no subscriber. */
  isRefused(packet: PublishPacket): boolean {
    return this.#refused.has(packet);
  }

  /** Calls back when a publish may be acknowledged. @param connection undefined: it has ended. */
  receive(
    client: Client,
    connection: Connection | undefined,
    packet: PublishPacket,
    isWill: boolean,
    callback: Callback,
  ): void {
    const { sources, counters, intake } = this.options;
    const { topic } = packet;
    const isDup = packet.dup;
    // It says something of this hop only [MQTT-3.3.1-3].
    packet.dup = false;
    if (packet.qos === 2 && !isWill && !this.#hasRoomFor(client, connection, packet.messageId!)) {
      // Neither counted nor acknowledged: it comes again.
      connection?.end('too many publishes at QoS 2 that it has not released');
      return;
    }
    const isReserved = topic.startsWith('$');
    const mayPublish = !isReserved && connection?.mayPublish(topic) === true;
    if (isReserved) {
      counters.reservedRefused += 1;
      connection?.warn('publish refused', 'a topic that starts with $ is the broker’s own', topic);
    }
    if (!mayPublish && !isWill) this.#refused.add(packet);
    const error =
      mayPublish || !isWill ? null : new Error('the will is on a topic that it may not publish on');
    const source = sources.find(topic);
    const { match } = sources;
    if (source === undefined) {
      if (mayPublish) intake.unmatched.add(topic);
      else if (!isReserved) counters.notAuthorized += 1;
      callback(error);
      return;
    }
    const receive = () => this.#receive(source, match, packet, mayPublish ? connection : undefined);
    if (packet.qos === 2 && !isWill)
      this.#receiveOnce(client, connection, packet, isDup, receive, () => callback(error));
    else {
      receive();
      intake.afterSettled(() => callback(error));
    }
  }

  #hasRoomFor(client: Client, connection: Connection | undefined, packetId: number): boolean {
    const { budget, sessions } = this.options;
    return budget.hasRoom(connection?.owner ?? '', RECEIPT_BYTES) || sessions.hasReceived(client, packetId);
  }

  /** What was received already at QoS 2 and not released yet is the same publish again [MQTT-4.3.3-2]. */
  #receiveOnce(
    client: Client,
    connection: Connection | undefined,
    packet: PublishPacket,
    isDup: boolean,
    receive: () => void,
    settled: () => void,
  ): void {
    const { intake, sessions, budget } = this.options;
    const receipts = this.#receipts;
    const owner = connection?.owner ?? '';
    budget.change(owner, RECEIPT_BYTES);
    const receipt = { client, packetId: packet.messageId!, content: contentOf(packet) };
    const isAgain = receipts.has(receipt, isDup) || sessions.isReceivedAgain(receipt, isDup);
    if (!isAgain) receive();
    receipts.add(receipt);
    intake.afterSettled(() => {
      budget.give(owner, RECEIPT_BYTES);
      // Of a session that is over, aedes would store it in the next one.
      if (!sessions.hasEnded(client) && !receipts.hasEnded(client)) {
        // Once aedes has stored the first, subscribers do not get the second.
        if (isAgain) setImmediate(settled);
        else settled();
      }
      // aedes has stored it by the next turn of the event loop.
      setImmediate(() => receipts.remove(receipt));
    });
  }

  #receive(
    source: PublishSource,
    match: unknown,
    { payload, topic }: PublishPacket,
    connection: Connection | undefined,
  ): void {
    const { intake } = this.options;
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    // A client publishes it now, retained or not.
    const mayCount =
      source.labOf?.(match) === undefined ? (lab: string) => connection?.mayCount(lab) === true : undefined;
    const publish: Publish = { topic, payload: PayloadSlice.of(bytes), isReplayed: false, mayCount };
    if (connection !== undefined) intake.take(source, match, publish);
    else intake.refuse(source, 'not_authorized', publish);
  }
}
