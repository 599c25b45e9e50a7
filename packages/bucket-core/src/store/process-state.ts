/** How a process is doing, for operators; reported beside its ledger. */
export interface ProcessState {
  readonly version: string;
  /** Where buckets are kept, and what brings publishes, as people say it and without passwords. */
  readonly store: string;
  /** Undefined where nothing brings any. */
  readonly broker?: string;
  /** Commits since its start, and the milliseconds that they took together. */
  readonly commits: { readonly succeeded: number; readonly failed: number; readonly ms: number };
  /** How long the oldest observation that awaits its commit has waited, in milliseconds. */
  readonly lagMs: number;
  /** What is wrong now. */
  readonly problems: readonly string[];
  /** The newest warnings of its log, newest first; each text once. */
  readonly warnings: readonly StateWarning[];
}

export interface StateWarning {
  /** When it was logged last, Unix milliseconds. */
  readonly atMs: number;
  readonly text: string;
  /** How often since the start. */
  readonly count: number;
}
