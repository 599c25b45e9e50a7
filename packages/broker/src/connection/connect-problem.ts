import type { ConnectPacket } from 'aedes';

const CLIENT_ID_LENGTH_MAX_31 = 23;

/** Why a CONNECT is refused, where aedes would not; undefined if it is well. */
export function connectProblem(packet: ConnectPacket, topicLevelsMax: number): string | undefined {
  const { clientId, clean, username, will, protocolVersion } = packet;
  // Nobody could come back to such a session [MQTT-3.1.3-8].
  if (clientId === '' && clean === false) return 'an empty client id that asks for a session';
  // [MQTT 3.1, CONNECT]
  if (protocolVersion === 3 && clientId.length > CLIENT_ID_LENGTH_MAX_31)
    return `a client id of more than ${CLIENT_ID_LENGTH_MAX_31} characters, in MQTT 3.1`;
  // The parser puts U+FFFD in the place of what is not UTF-8 [MQTT-1.5.3-1, 1.5.3-2].
  if (!isText(clientId) || !isText(username ?? ''))
    return 'a client id or user that is not UTF-8, or has a NUL';
  if (will === undefined) return undefined;
  const { topic, qos } = will;
  if (topic === '' || /[+#]/.test(topic) || !isText(topic) || topic.split('/').length > topicLevelsMax)
    return 'a will on what is no topic';
  // [MQTT-3.1.2-14]
  if ((qos as number) > 2) return 'a will at QoS 3';
  return undefined;
}

function isText(text: string): boolean {
  return !/[\0\ufffd]/.test(text);
}
