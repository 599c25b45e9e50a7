/** What bytes that are not of the expected form decode to. */
export const NOT_DECODED = Symbol('not decoded');

/** What the topic and the source say of the bytes. */
export interface DecodeContext {
  readonly topic: string;
  /** What a bare value is, by its topic or its source. */
  readonly metric: 'temp' | 'humidity' | undefined;
  readonly nowMs: number;
  /** Asks the device for something, by a publish of our own. */
  readonly ask?: Ask | undefined;
}

/** Bytes as a document of objects, arrays, numbers and texts, or NOT_DECODED. Never throws. */
export type Decoder = (bytes: Buffer, start: number, end: number, context: DecodeContext) => unknown;

/** Publishes something that a device answers. */
export type Ask = (topic: string, payload: Uint8Array) => void;
