import { parseAccept } from 'hono/utils/accept';

/**
 * The media type to answer with, of those offered in order of preference (RFC 9110 §12.5.1): the one with the highest
 * quality, where the most specific range that matches a type decides about it. Undefined where none is acceptable.
 */
export function acceptedType<T extends string>(
  accept: string | undefined,
  offered: readonly T[],
): T | undefined {
  if (accept === undefined || accept.trim() === '') return offered[0];
  const ranges = parseAccept(accept);
  const quality = (type: string) => {
    const wanted = [type, `${type.split('/')[0]}/*`, '*/*'];
    for (const range of wanted) {
      const match = ranges.find((one) => one.type.toLowerCase() === range);
      if (match !== undefined) return match.q;
    }
    return 0;
  };
  let best: T | undefined;
  for (const type of offered) if (quality(type) > (best === undefined ? 0 : quality(best))) best = type;
  return best;
}
