import type { Options } from './options.js';

/** A measurement by name. */
export interface Scenario {
  readonly name: string;
  /** One line for --help. */
  readonly summary: string;
  run(options: Options): Promise<Report>;
}

/** What a measurement found. */
export interface Report {
  /** What was done, so that the table can be read without the command. */
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Lines below the table. */
  readonly notes: readonly string[];
  /** What did not hold; empty if everything did. */
  readonly failures: readonly string[];
  /** The numbers behind the table, of every round, for the JSON file. */
  readonly figures: unknown;
}

/** The report of a measurement that cannot be made here. */
export function leftOut(title: string): Report {
  return { title, columns: [], rows: [], notes: [], failures: [], figures: {} };
}
