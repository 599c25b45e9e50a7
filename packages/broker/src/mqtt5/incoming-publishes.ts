import { AckCode, ackFrame, PUBACK, PUBREC } from '@humtemp/intake';
import { contentOf } from '../lanes/publish-content.js';
import type { ReceivedPublish, Verdict } from '../lanes/slow-lane.js';
import type { PublishProperties } from '../subscribers/publish-properties.js';
import type { Mqtt5Client } from './mqtt5-client.js';
import { type AnswerPlace, OrderedAnswers } from './ordered-answers.js';
import { readPublish } from './publish-reader.js';
import { Mqtt5Error, ReasonCode } from './reason-code.js';
import { TopicAliases } from './topic-aliases.js';

/** Publishes at QoS 1 and 2 that a client may send before it has an answer: our Receive Maximum. */
export const RECEIVE_MAX = 1000;
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
 *     PUBLISH ──▶ slow lane, until it is committed ──▶ to its subscribers, and PUBACK or PUBREC with the reason
 *                                                              PUBREL ──▶ PUBCOMP
 */
export class IncomingPublishes {
  readonly #answers: OrderedAnswers;
  readonly #aliases: TopicAliases;
  #underWay = 0;

  constructor(readonly client: Mqtt5Client) {
    const { connection } = client;
    this.#answers = new OrderedAnswers((frames) => client.write(frames));
    this.#aliases = new TopicAliases(connection.hub.budgets.connects, connection.owner);
  }

  /** Publishes at QoS 1 and 2 that came here and are not acknowledged, or not released (3.3.4). */
  get inFlight(): number {
    return this.#answers.count + this.client.session.receivedCount;
  }

  /** Whether no more should be read from the client for now. */
  get isFull(): boolean {
    return this.#underWay >= UNDER_WAY_MAX;
  }

  /** @throws Mqtt5Error */
  take(frame: Buffer): void {
    const { client } = this;
    const { connection, hub } = client;
    const read = readPublish(frame);
    const { qos, retain, packetId, properties } = read;
    const topic = this.#aliases.resolve(read.topic, read.topicAlias);
    if (/[+#]/.test(topic))
      throw new Mqtt5Error(ReasonCode.topicInvalid, 'a publish on a topic with wildcards');
    if (qos > 0 && this.inFlight >= RECEIVE_MAX)
      throw new Mqtt5Error(ReasonCode.receiveMaximumExceeded, `more than ${RECEIVE_MAX} publishes in flight`);
    // The piece of bytes that it stands in is good for now only.
    const payload = Buffer.from(read.payload);
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
    if (topic.split('/').length > hub.limits.topicLevelsMax) {
      const text = `more than ${hub.limits.topicLevelsMax} levels`;
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
    client.acknowledge(PUBCOMP, packetId, isKnown ? AckCode.success : AckCode.packetIdNotFound);
  }

  /** The connection is closed. */
  end(): void {
    this.#aliases.clear();
  }

  /** It is committed, or was refused. The client may have gone meanwhile. */
  #settled(publish: Incoming, place: AnswerPlace | undefined): void {
    const { client } = this;
    const { deliveries, sessions, slowLane } = client.hub;
    let verdict = slowLane.verdictOf(publish);
    if (verdict?.code === AckCode.noSubscribers && deliveries.hasSubscribers(publish.topic))
      verdict = undefined;
    const isRejected = (verdict?.code ?? 0) >= ReasonCode.unspecified;
    const isAgain = publish.qos === 2 && sessions.hasReceived(client, publish.messageId!);
    // What was rejected has no second half [MQTT-4.3.3-9].
    if (publish.qos === 2 && !isAgain && !isRejected && client.hasSession)
      sessions.receive(client, publish.messageId!, contentOf(publish));
    if (isAgain || verdict?.isRefused === true) this.#done();
    else client.publish(publish, () => this.#done());
    this.#answer(publish, place, verdict);
  }

  #done(): void {
    this.#underWay -= 1;
    this.client.readOn();
  }

  #answer({ qos, messageId }: Incoming, place: AnswerPlace | undefined, verdict: Verdict | undefined): void {
    if (place === undefined) return;
    const { code = AckCode.success, text } = verdict ?? {};
    const header = qos === 1 ? PUBACK : PUBREC;
    this.#answers.answer(place, ackFrame(header, messageId!, code, text, this.client.ackBytesMax));
  }
}
