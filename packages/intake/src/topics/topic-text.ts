import { isUtf8 } from 'node:buffer';
import { LAB_ID_LENGTH_MAX } from '@humtemp/bucket-core';

/** The topic of a publish, where it stands within other bytes. Made a text only when somebody asks for it. */
export class TopicSlice {
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #text: string | undefined;

  set(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#text = undefined;
  }

  get isText(): boolean {
    return isTopicText(this.#bytes.subarray(this.#start, this.#end));
  }

  toString(): string {
    this.#text ??= this.#bytes.toString('utf8', this.#start, this.#end);
    return this.#text;
  }
}

/** Whether bytes are a text as MQTT has them: UTF-8 [MQTT-1.5.3-1] without NUL [MQTT-1.5.3-2]. */
export function isTopicText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}

/**
 * Whether a lab that a topic gives is short printable ASCII, as almost all are. If not, it is no lab id
 * either.
 */
export function isPlainLab(lab: string): boolean {
  if (lab.length > LAB_ID_LENGTH_MAX) return false;
  for (let i = 0; i < lab.length; i++) {
    const code = lab.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
