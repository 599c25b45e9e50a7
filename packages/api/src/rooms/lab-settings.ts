/** What is right for a metric, inclusive at both ends, in thousandths; infinite where it is open. */
export interface LabLimits {
  readonly min: number;
  readonly max: number;
}

/** What the labs file says of a lab. */
export interface LabSettings {
  readonly name: string | undefined;
  readonly group: string | undefined;
  readonly temp: LabLimits | undefined;
  readonly humidity: LabLimits | undefined;
  /** Seconds between two observations. */
  readonly expectedIntervalS: number | undefined;
  /** An IANA name. */
  readonly timeZone: string | undefined;
}

export const NO_SETTINGS: LabSettings = {
  name: undefined,
  group: undefined,
  temp: undefined,
  humidity: undefined,
  expectedIntervalS: undefined,
  timeZone: undefined,
};

/** Settings of a lab, or of all labs whose ids begin in the same way. */
export interface LabEntry {
  /** A lab id, or a prefix with * behind it; a lone * is all labs. */
  readonly pattern: string;
  readonly settings: Partial<LabSettings>;
}
