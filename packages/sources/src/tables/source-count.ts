/** Events within a source that are no fate of an observation of their own. */
export const SOURCE_EVENTS = [
  /** A value that means "no reading": null, nan, a value of `not`. */
  'no_reading',
  /** A metric beyond its range, left out because the source says drop. */
  'dropped',
  /** A metric beyond its range, moved to the border because the source says clamp. */
  'clamped',
  /** A value that is the same as the last one of its sensor, left out because the source says repeats. */
  'repeated',
  /** An element that is not the room, because of `unless`. */
  'not_the_room',
  /** A timestamp that was absent, wrong or in the future, replaced by the time of receipt. */
  'timestamp_absent',
  'timestamp_wrong',
  'timestamp_future',
  /** An observation with one of the two metrics only. */
  'temp_only',
  'humidity_only',
] as const;

export type SourceEvent = (typeof SOURCE_EVENTS)[number];
