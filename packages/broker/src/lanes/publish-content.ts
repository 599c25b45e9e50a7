import { createHash } from 'node:crypto';

/** A number that tells publishes apart by topic and payload: 32 bits of their SHA-256. */
export function contentOf({
  topic,
  payload,
}: {
  readonly topic?: string;
  readonly payload?: string | Buffer;
}): number {
  const hash = createHash('sha256')
    .update(topic ?? '')
    .update('\0');
  return hash
    .update(payload ?? '')
    .digest()
    .readInt32LE(0);
}
