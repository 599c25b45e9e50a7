import type { ConnectPacket } from 'aedes';
import { ReasonCode } from '../mqtt5/reason-code.js';

/** Why a CONNECT is refused, and the reason code for it in MQTT 5. */
export interface ConnectProblem {
  readonly reason: string;
  readonly code: number;
}

const CLIENT_ID_LENGTH_MAX_31 = 23;

/** Why a CONNECT is refused, where its MQTT library would not; undefined if it is well. */
export function connectProblem(packet: ConnectPacket, topicLevelsMax: number): ConnectProblem | undefined {
  const { clientId, clean, username, will } = packet;
  // Of the types of aedes, which know no other.
  const version: number | undefined = packet.protocolVersion;
  // Nobody could come back to such a session [MQTT-3.1.3-8]; in MQTT 5 the client is told its id.
  if (clientId === '' && clean === false && version !== 5)
    return problem('an empty client id that asks for a session');
  // [MQTT 3.1, CONNECT]
  if (version === 3 && clientId.length > CLIENT_ID_LENGTH_MAX_31)
    return problem(`a client id of more than ${CLIENT_ID_LENGTH_MAX_31} characters, in MQTT 3.1`);
  // The parser puts U+FFFD in the place of what is not UTF-8 [MQTT-1.5.3-1, 1.5.3-2].
  if (!isText(clientId) || !isText(username ?? ''))
    return problem('a client id or user that is not UTF-8, or has a NUL');
  if (will === undefined) return undefined;
  const { topic, qos } = will;
  if (topic === '' || /[+#]/.test(topic) || !isText(topic) || topic.split('/').length > topicLevelsMax)
    return problem('a will on what is no topic', ReasonCode.topicInvalid);
  // [MQTT-3.1.2-14]
  if ((qos as number) > 2) return problem('a will at QoS 3', ReasonCode.malformed);
  return undefined;
}

function problem(reason: string, code: number = ReasonCode.clientIdInvalid): ConnectProblem {
  return { reason, code };
}

function isText(text: string): boolean {
  return !/[\0\ufffd]/.test(text);
}
