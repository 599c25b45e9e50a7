import mqttPacket from 'mqtt-packet';
import { type OnBytes, openConnection } from '../load/mqtt-connection.js';

const SUBACK = 0x90;
const PUBLISH = 0x30;
const PUBACK = 0x40;

/**
 * The least that a subscriber can do: it finds the frames, and acknowledges every publish at QoS 1. Nothing is decoded.
 * @returns the number of publishes so far
 */
export async function consumeOnBareSocket(port: number): Promise<() => number> {
  let publishes = 0;
  let subscribed = () => {};
  const granted = new Promise<void>((resolve) => {
    subscribed = resolve;
  });
  let beginning: Buffer = Buffer.alloc(0);
  const onBytes: OnBytes = (read) => {
    const bytes = beginning.length > 0 ? Buffer.concat([beginning, read]) : read;
    // No publish is shorter than its acknowledgement.
    const acknowledgements = Buffer.allocUnsafe(bytes.length);
    let [at, length] = [0, 0];
    for (let end = frameEnd(bytes, at); end <= bytes.length; at = end, end = frameEnd(bytes, at)) {
      const type = bytes[at]! & 0xf0;
      if (type === SUBACK) subscribed();
      if (type !== PUBLISH) continue;
      publishes++;
      const topicAt = at + 1 + lengthBytes(bytes, at);
      const idAt = topicAt + 2 + bytes.readUInt16BE(topicAt);
      acknowledgements[length] = PUBACK;
      acknowledgements[length + 1] = 2;
      acknowledgements[length + 2] = bytes[idAt]!;
      acknowledgements[length + 3] = bytes[idAt + 1]!;
      length += 4;
    }
    if (length > 0) socket.write(acknowledgements.subarray(0, length));
    // A copy: the bytes are ours during this call only.
    beginning = Buffer.from(bytes.subarray(at));
  };
  const socket = await openConnection(port, 'bare-socket', onBytes, 0);
  socket.write(
    mqttPacket.generate({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [{ topic: 'labs/+/observation', qos: 1 }],
    }),
  );
  await granted;
  return () => publishes;
}

/** Behind the last byte of the frame that begins here; infinite if its length is not all there. */
function frameEnd(bytes: Buffer, at: number): number {
  let [length, shift, i] = [0, 0, at + 1];
  for (; i < bytes.length; i++, shift += 7) {
    const byte = bytes[i]!;
    length += (byte & 0x7f) << shift;
    if (byte < 0x80) return i + 1 + length;
  }
  return Number.POSITIVE_INFINITY;
}

/** How many bytes the length of a frame has. */
function lengthBytes(bytes: Buffer, at: number): number {
  let count = 1;
  while (bytes[at + count]! >= 0x80) count++;
  return count;
}
