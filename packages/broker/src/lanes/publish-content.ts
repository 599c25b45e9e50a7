import { mix } from '@humtemp/bucket-core';

/**
 * A number that tells apart what one client publishes, by topic and payload: a MurmurHash3 of 32 bits. Whoever makes two that
 * are the same deceives only himself.
 */
export function contentOf({
  topic = '',
  payload = '',
}: {
  readonly topic?: string;
  readonly payload?: string | Buffer;
}): number {
  let hash = topic.length;
  for (let i = 0; i < topic.length; i++) hash = mix(hash, topic.charCodeAt(i));
  if (typeof payload === 'string')
    for (let i = 0; i < payload.length; i++) hash = mix(hash, payload.charCodeAt(i));
  else for (let i = 0; i < payload.length; i++) hash = mix(hash, payload[i]!);
  return hash;
}
