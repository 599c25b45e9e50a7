import type { StateWarning } from '@humtemp/bucket-core';

/** Texts that are kept. */
const TEXTS_MAX = 10;
const TEXT_LENGTH_MAX = 300;

/** The newest warnings of this process' log, for operators who do not read it. */
export class WarningLog {
  readonly #warnings = new Map<string, StateWarning>();

  constructor(readonly clock: () => number = Date.now) {}

  /** Notes a line of the log: its details and its message, as pino is given them. */
  note(details: unknown, message: string): void {
    const reason = reasonIn(details);
    const text = (reason === undefined ? message : `${message}: ${reason}`).slice(0, TEXT_LENGTH_MAX);
    const count = (this.#warnings.get(text)?.count ?? 0) + 1;
    // What comes again is the newest.
    this.#warnings.delete(text);
    this.#warnings.set(text, { atMs: this.clock(), text, count });
    if (this.#warnings.size > TEXTS_MAX) this.#warnings.delete(this.#warnings.keys().next().value!);
  }

  /** The newest first. */
  get newest(): readonly StateWarning[] {
    return [...this.#warnings.values()].reverse();
  }
}

/** Why, where the details say so. */
function reasonIn(details: unknown): string | undefined {
  if (typeof details !== 'object' || details === null) return undefined;
  const { reason, error, err } = details as { reason?: unknown; error?: unknown; err?: unknown };
  for (const one of [reason, error, (err as Error | undefined)?.message])
    if (typeof one === 'string') return one;
  return undefined;
}
