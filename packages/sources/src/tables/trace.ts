import type { Place } from './walk.js';

/** What a place of a payload is to a table. */
export type Role = 'temp' | 'humidity' | 'timestamp' | 'sensor' | 'lab' | 'unit' | 'unless';

/** Is called for each place that a table reads. For explanations: the way of every publish has none. */
export interface Trace {
  /** What the bytes decode to, and what the table then reads. */
  document(document: unknown, inner: unknown): void;
  used(role: Role, place: Place, outcome: string): void;
}
