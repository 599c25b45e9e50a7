/** Finds the lab in the bytes of a topic, without making a text of the topic. Same rules as TopicFilters.labOf. */
export type TopicMatcher = (bytes: Buffer, start: number, end: number) => string | undefined;

const SLASH = 0x2f;
const PLUS = 0x2b;
const HASH = 0x23;
const DOLLAR = 0x24;

/**
 * The matcher of a filter `literal + literal` with one wildcard, as almost every filter is.
 * @param before bytes in front of the lab. @param after bytes behind it.
 */
export function oneLevelMatcher(before: Buffer, after: Buffer): TopicMatcher {
  return (bytes, start, end) => {
    const labStart = start + before.length;
    const labEnd = end - after.length;
    if (labEnd < labStart) return undefined;
    for (let i = 0; i < before.length; i++) if (bytes[start + i] !== before[i]) return undefined;
    for (let i = 0; i < after.length; i++) if (bytes[labEnd + i] !== after[i]) return undefined;
    if (before.length === 0 && bytes[start] === DOLLAR) return undefined;
    for (let i = labStart; i < labEnd; i++) {
      const byte = bytes[i];
      if (byte === SLASH || byte === PLUS || byte === HASH) return undefined;
    }
    // What is not ASCII becomes something that is no lab id, which is what it is.
    return bytes.toString('latin1', labStart, labEnd);
  };
}
