import { PayloadSlice } from '../counting/payload-slice.js';
import type { Publish } from '../topics/publish-source.js';
import { TopicSlice } from '../topics/topic-text.js';
import { bodyStart } from './frame.js';

/** The publish at hand, read where it stands. One object reads all publishes of a connection. */
export class PublishFrame implements Publish {
  qos = 0;
  isRetained = false;
  /** 0 at QoS 0. */
  packetId = 0;
  isReplayed = false;
  /** Of MQTT 5. */
  hasProperties = false;
  /** Always a double, so that to set it makes no object. */
  receivedMs = Number.NaN;
  mayCount: ((lab: string) => boolean) | undefined;
  labId: string | undefined;
  readonly topic = new TopicSlice();
  topicStart = 0;
  topicEnd = 0;
  readonly payload = new PayloadSlice();

  /**
   * Reads the frame [start, end) as far as its payload, of MQTT 3.1.1 (4) or 5. Of what it does not say, the
   * values of the last publish may be left.
   * @returns false if it ends before its payload begins: it is not well-formed.
   */
  read(bytes: Buffer, start: number, end: number, protocolVersion: 4 | 5): boolean {
    const header = bytes[start]!;
    this.qos = (header >> 1) & 3;
    this.isRetained = (header & 1) === 1;
    const topicStart = bodyStart(bytes, start) + 2;
    if (topicStart > end) return false;
    const topicEnd = topicStart + uint16At(bytes, topicStart - 2);
    let payloadStart = topicEnd + (this.qos === 0 ? 0 : 2);
    if (payloadStart > end) return false;
    this.packetId = this.qos === 0 ? 0 : uint16At(bytes, topicEnd);
    if (protocolVersion === 5) {
      this.hasProperties = bytes[payloadStart] !== 0;
      payloadStart = skipProperties(bytes, payloadStart, end);
      if (payloadStart > end) return false;
    }
    this.topicStart = topicStart;
    this.topicEnd = topicEnd;
    this.topic.set(bytes, topicStart, topicEnd);
    this.payload.set(bytes, payloadStart, end);
    return true;
  }
}

function uint16At(bytes: Buffer, at: number): number {
  return bytes[at]! * 256 + bytes[at + 1]!;
}

/**
 * Behind the properties of an MQTT 5 publish: their length as a variable byte integer, then that many bytes.
 */
function skipProperties(bytes: Buffer, start: number, end: number): number {
  let length = 0;
  for (let i = 0, factor = 1; i < 4; i++, factor *= 128) {
    if (start + i >= end) break;
    const byte = bytes[start + i]!;
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) return start + i + 1 + length;
  }
  return end + 1;
}
