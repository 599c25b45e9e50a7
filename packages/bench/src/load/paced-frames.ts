import mqttPacket from 'mqtt-packet';

/** Packet ids that are used in turn. */
export const PACED_IDS = 65_000;

/** Encoded publishes at QoS 1, one behind the other, all of the same length. */
export interface PacedFrames {
  readonly bytes: Buffer;
  readonly frameBytes: number;
}

/**
 * Publishes of observations as observation-frames.ts has them, measured in the moments before `nowMs`, a millisecond apart in each
 * lab. Made from one template for each lab, since a paced load needs millions.
 * @param labs ids of the same length; they take turns
 */
export function pacedFrames(labs: readonly string[], count: number, nowMs: number): PacedFrames {
  const templates = labs.map(template);
  const { frame, idAt, secondsAt, tempAt } = templates[0]!;
  const startMs = nowMs - Math.ceil(count / labs.length);
  const bytes = Buffer.allocUnsafe(count * frame.length);
  for (let k = 0; k < count; k++) {
    const at = k * frame.length;
    bytes.set(templates[k % labs.length]!.frame, at);
    bytes.writeUInt16BE(packetId(k), at + idAt);
    const measuredMs = startMs + Math.floor(k / labs.length);
    putDigits(bytes, at + secondsAt, Math.floor(measuredMs / 1000), 10);
    putDigits(bytes, at + secondsAt + 11, measuredMs % 1000, 3);
    putDigits(bytes, at + tempAt, 20 + (k % 10), 2);
    putDigits(bytes, at + tempAt + 3, k % 100, 2);
  }
  return { bytes, frameBytes: frame.length };
}

/** Of the publish of this number on its connection. */
export function packetId(number: number): number {
  return (number % PACED_IDS) + 1;
}

function template(lab: string) {
  const topic = `labs/${lab}/observation`;
  const payload = '{"timestamp":1790000000.123,"temp":20.45,"humidity":48.25}';
  const frame = mqttPacket.generate({
    cmd: 'publish',
    topic,
    payload,
    qos: 1,
    messageId: 1,
    dup: false,
    retain: false,
  });
  const payloadAt = frame.length - payload.length;
  return {
    frame,
    idAt: payloadAt - 2,
    secondsAt: payloadAt + payload.indexOf('1790000000'),
    tempAt: payloadAt + payload.indexOf('20.45'),
  };
}

/** Writes a number with so many digits. */
function putDigits(bytes: Buffer, at: number, value: number, digits: number): void {
  let left = value;
  for (let i = at + digits - 1; i >= at; i--) {
    bytes[i] = 0x30 + (left % 10);
    left = Math.floor(left / 10);
  }
}
