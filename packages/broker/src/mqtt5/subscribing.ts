import { filterLevels } from '@humtemp/bucket-core';
import type { ISubscribePacket, IUnsubscribePacket } from 'mqtt-packet';
import { PacketError } from '../client/packet-error.js';
import type { Grant } from '../subscribers/grant.js';
import { sharedFilterOf } from '../subscribers/shared-group.js';
import type { Mqtt5Client } from './mqtt5-client.js';
import { codesFrameBytes, subackFrame, unsubackFrame } from './packets.js';
import { ReasonCode } from './reason-code.js';

/** When retained publishes are sent to a subscription (3.8.3.1). */
const RETAIN_HANDLING = { always: 0, ifNew: 1 } as const;

/** Answers a SUBSCRIBE (3.8), filter by filter. @throws PacketError */
export function subscribe(client: Mqtt5Client, packet: ISubscribePacket): void {
  const { deliveries } = client.hub;
  const { connection, session } = client;
  checkAnswer(client, packet.subscriptions.length);
  const identifier = packet.properties?.subscriptionIdentifier as number | undefined;
  const retained: [string, Grant][] = [];
  const codes = packet.subscriptions.map(({ topic, qos, nl = false, rap = false, rh = 0 }) => {
    const isShared = topic.startsWith('$share/');
    const filter = isShared ? sharedFilterOf(topic) : topic;
    if (filter === undefined || !isFilter(filter, client.hub.limits.topicLevelsMax))
      return ReasonCode.filterInvalid;
    if (isShared && nl)
      throw new PacketError(ReasonCode.protocolError, 'a shared subscription with No Local');
    const grant: Grant = {
      qos,
      noLocal: nl,
      asPublished: rap,
      identifiers: identifier === undefined ? undefined : [identifier],
    };
    const isNew = !session.subscriptions.has(topic);
    const refusal = deliveries.grant(connection, topic, grant);
    if (refusal !== undefined) return refusal.code;
    // [MQTT 5, 4.8.2]
    if (isShared) return qos;
    if (rh === RETAIN_HANDLING.always || (rh === RETAIN_HANDLING.ifNew && isNew))
      retained.push([topic, grant]);
    return qos;
  });
  client.write(subackFrame(packet.messageId!, codes));
  void sendRetained(client, retained);
}

async function sendRetained(client: Mqtt5Client, subscriptions: readonly [string, Grant][]): Promise<void> {
  const { connection, session, hub } = client;
  for (const [filter, grant] of subscriptions)
    await hub.deliveries.sendRetainedTo(connection, session, filter, grant);
}

/** Answers an UNSUBSCRIBE (3.10). */
export function unsubscribe(client: Mqtt5Client, packet: IUnsubscribePacket): void {
  const { connection, session, hub } = client;
  checkAnswer(client, packet.unsubscriptions.length);
  const codes = packet.unsubscriptions.map((filter) => {
    const isHeld = session.subscriptions.has(filter) && connection.leaving?.has(filter) !== true;
    return isHeld ? ReasonCode.success : ReasonCode.noSubscriptionExisted;
  });
  hub.deliveries.unsubscribeSoon(connection, packet.unsubscriptions);
  client.write(unsubackFrame(packet.messageId!, codes));
}

/**
 * An answer has a code for each filter, and none may be longer than the client takes [MQTT-3.1.2-24, MQTT-3.9.3-1]: who asks
 * for so many at once gets none. @throws PacketError
 */
function checkAnswer(client: Mqtt5Client, filters: number): void {
  if (codesFrameBytes(filters) > client.packetBytesMax)
    throw new PacketError(
      ReasonCode.packetTooLarge,
      `${filters} filters in one packet, whose answer is longer than it takes`,
    );
}

function isFilter(filter: string, levelsMax: number): boolean {
  const levels = /[\0\ufffd]/.test(filter) ? undefined : filterLevels(filter);
  return levels !== undefined && levels.length <= levelsMax;
}
