/** Header, topic and properties of a publish. */
export const FRAME_OVERHEAD_BYTES_MAX = 65_536;
