import { AckCode, PUBACK, PUBREC } from '@humtemp/intake';
import { contentOf } from '../lanes/publish-content.js';
import type { ReceivedPublish, Verdict } from '../lanes/slow-lane.js';
import { ReasonCode } from '../mqtt5/reason-code.js';
import type { PublishProperties } from '../subscribers/publish-properties.js';
import type { BrokerClient } from './broker-client.js';
import { type AnswerPlace, OrderedAnswers } from './ordered-answers.js';
import { PacketError } from './packet-error.js';
import type { ReadPublish } from './publish-reader.js';

/** Publishes under way before the client is not read from. */
const UNDER_WAY_MAX = 500;

const PUBCOMP = 0x70;

/** A publish, as the slow lane and subscribers want it. */
interface Incoming extends ReceivedPublish {
  readonly payload: Buffer;
  readonly retain: boolean;
  readonly properties: PublishProperties | undefined;
}

/**
 * Publishes of one client that the tap has left to us:
 *
 *     PUBLISH ──▶ slow lane, until it is committed ──▶ to its subscribers, and PUBACK or PUBREC, in MQTT 5 with the reason
 *                                                              PUBREL ──▶ PUBCOMP
 */
export class IncomingPublishes {
  readonly #answers: OrderedAnswers;
  #underWay = 0;

  constructor(readonly client: BrokerClient) {
    this.#answers = new OrderedAnswers((frames) => client.write(frames));
  }

  /** Publishes at QoS 1 and 2 that await their PUBACK or PUBREC. */
  get unacknowledged(): number {
    return this.#answers.count;
  }

  /** Whether no more should be read from the client for now. */
  get isFull(): boolean {
    return this.#underWay >= UNDER_WAY_MAX;
  }

  /** @param topic with its alias resolved. @throws PacketError */
  take(topic: string, read: ReadPublish): void {
    const { client } = this;
    const { connection, hub } = client;
    const { payload, qos, retain, packetId, properties } = read;
    if (topic === '' || /[+#]/.test(topic))
      throw new PacketError(ReasonCode.topicInvalid, 'a publish on a topic that is empty, or has wildcards');
    const incoming: Incoming = {
      topic,
      payload,
      qos,
      retain,
      dup: read.isDup,
      properties,
      messageId: qos === 0 ? undefined : packetId,
    };
    const place = qos === 0 ? undefined : this.#answers.expect();
    const { topicLevelsMax } = hub.limits;
    if (topic.length > topicLevelsMax && topic.split('/').length > topicLevelsMax) {
      const text = `a topic of more than ${topicLevelsMax} levels`;
      if (connection.version === 4) throw new PacketError(ReasonCode.topicInvalid, text);
      this.#answer(incoming, place, { code: AckCode.topicInvalid, text, isRefused: true });
      return;
    }
    this.#underWay += 1;
    hub.slowLane.receive(client, connection, incoming, false, () => this.#settled(incoming, place));
  }

  /** [MQTT-4.3.3] */
  release(packetId: number): void {
    const { client } = this;
    const isKnown = client.hub.sessions.release(client, packetId);
    const code = isKnown ? AckCode.success : AckCode.packetIdNotFound;
    client.write(client.ackFrame(PUBCOMP, packetId, code));
  }

  /** It is committed, or was refused. The client may have gone meanwhile. */
  #settled(publish: Incoming, place: AnswerPlace | undefined): void {
    const { client } = this;
    const { deliveries, sessions, slowLane } = client.hub;
    let verdict = slowLane.verdictOf(publish);
    if (verdict?.code === AckCode.noSubscribers && deliveries.hasSubscribers(publish.topic))
      verdict = undefined;
    const isAgain = publish.qos === 2 && sessions.hasReceived(client, publish.messageId!);
    if (publish.qos === 2 && !isAgain && !this.#isRejected(verdict) && client.hasSession)
      sessions.receive(client, publish.messageId!, contentOf(publish));
    if (isAgain || verdict?.isRefused === true) this.#done();
    else client.publish(publish, () => this.#done());
    this.#answer(publish, place, verdict);
  }

  /** Whether its PUBREC says that it was rejected: then it has no second half [MQTT-4.3.3-9]. In MQTT 3.1.1 it cannot say so. */
  #isRejected(verdict: Verdict | undefined): boolean {
    return this.client.connection.version === 5 && (verdict?.code ?? 0) >= ReasonCode.unspecified;
  }

  #done(): void {
    this.#underWay -= 1;
    this.client.readOn();
  }

  #answer({ qos, messageId }: Incoming, place: AnswerPlace | undefined, verdict: Verdict | undefined): void {
    if (place === undefined) return;
    const { code = AckCode.success, text } = verdict ?? {};
    this.#answers.answer(place, this.client.ackFrame(qos === 1 ? PUBACK : PUBREC, messageId!, code, text));
  }
}
