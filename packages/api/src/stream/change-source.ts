/** Tells which labs have changed. What it keeps is bounded by the labs that are watched. */
export interface ChangeSource {
  /** It looks at newest buckets of the longest-lived resolution only: see `LateChanges`. */
  readonly missesLate?: boolean;
  /** From when this resolves, changes of these labs are noticed; those watched already are passed over. */
  watch(labs: readonly string[]): Promise<void>;
  unwatch(labs: readonly string[]): void;
  /** The watched labs that have changed since the last call. What a call that failed had found comes with the next. */
  take(): Promise<readonly string[]>;
}
