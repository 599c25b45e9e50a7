import {
  type Intake,
  PayloadSlice,
  type Publish,
  type PublishSource,
  type SourceTable,
} from '@humtemp/intake';
import type { Aedes, Client, PublishPacket } from 'aedes';
import type { Connection } from '../connection/connection.js';
import type { BrokerCounters } from '../counters.js';
import { clientInternalsOf, internalsOf } from '../engine/aedes-internals.js';
import type { Sessions } from '../sessions/sessions.js';
import { PendingReceipts } from './pending-receipts.js';
import { contentOf } from './publish-content.js';

export interface SlowLaneOptions {
  readonly aedes: Aedes;
  readonly sources: SourceTable;
  readonly intake: Intake;
  readonly sessions: Sessions;
  readonly counters: BrokerCounters;
  readonly connectionOf: (client: Client) => Connection | undefined;
}

type Callback = (error?: Error | null) => void;

/**
 * Publishes that reach aedes. It asks before it acknowledges one, and has its answer once intake has settled what is an
 * observation. An error would end the connection, so what the access rules refuse is acknowledged, and goes nowhere.
 */
export class SlowLane {
  readonly #receipts = new PendingReceipts();
  readonly #refused = new WeakSet<PublishPacket>();

  constructor(readonly options: SlowLaneOptions) {
    const { aedes } = options;
    aedes.authorizePublish = (client, packet, callback) => this.#authorize(client, packet, callback);
    aedes.on('client', ({ id, clean }) => {
      if (clean) this.#receipts.endSession(id);
    });
    const internals = internalsOf(aedes);
    const publish = internals.publish.bind(aedes);
    internals.publish = (packet, client, done) => {
      // aedes' parser must be through with this packet before aedes gives it more.
      const later = done && ((error?: Error | null) => setImmediate(done, error));
      if (!this.#refused.has(packet)) publish(packet, client, later);
      else later?.(null);
    };
  }

  /** Whether QoS 2 publishes of the client's session await their commit. */
  isReceiving(clientId: string): boolean {
    return this.#receipts.hasSession(clientId);
  }

  #authorize(client: Client | null, packet: PublishPacket, callback: Callback): void {
    const { sources, connectionOf, counters } = this.options;
    const { topic } = packet;
    const isWill = client !== null && clientInternalsOf(client).will === packet;
    if (topic.startsWith('$')) {
      callback(new Error('a publish on a topic that starts with $, which is the broker’s own'));
      return;
    }
    const isDup = packet.dup;
    // It says something of this hop only [MQTT-3.3.1-3].
    packet.dup = false;
    const source = sources.find(topic);
    const { match } = sources;
    const mayPublish = client === null || connectionOf(client)?.mayPublish(topic) === true;
    if (!mayPublish && !isWill) this.#refused.add(packet);
    const error =
      mayPublish || !isWill ? null : new Error('the will is on a topic that it may not publish on');
    if (source === undefined) {
      if (!mayPublish) counters.notAuthorized += 1;
      callback(error);
      return;
    }
    const receive = () => this.#receive(source, match, packet, mayPublish);
    if (packet.qos === 2 && client !== null && !isWill)
      this.#receiveOnce(client, packet, isDup, receive, () => callback(error));
    else {
      receive();
      this.options.intake.afterSettled(() => callback(error));
    }
  }

  /** Of QoS 2, what was received already and not released yet is the same publish again [MQTT-4.3.3-2]. */
  #receiveOnce(
    client: Client,
    packet: PublishPacket,
    isDup: boolean,
    receive: () => void,
    settled: () => void,
  ): void {
    const { intake, sessions } = this.options;
    const receipts = this.#receipts;
    const receipt = { client, packetId: packet.messageId!, content: contentOf(packet) };
    const isAgain = receipts.has(receipt, isDup) || sessions.isReceivedAgain(receipt, isDup);
    if (!isAgain) receive();
    receipts.add(receipt);
    intake.afterSettled(() => {
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
    mayPublish: boolean,
  ): void {
    const { intake } = this.options;
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    // A client publishes it now, retained or not.
    const publish: Publish = { topic, payload: PayloadSlice.of(bytes), isReplayed: false };
    if (mayPublish) intake.take(source, match, publish);
    else intake.refuse(source, 'not_authorized', publish);
  }
}
