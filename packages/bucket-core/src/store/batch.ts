import type { Observation } from '../observation/observation.js';
import type { Rejection } from '../observation/rejection.js';
import { sensorTag } from '../observation/tag.js';

/** Numbers in a row of a batch: timestampMs, tag (see tag.ts), temp, humidity. */
export const ROW_LENGTH = 4;

/** How many rejections of one batch are kept to be read; all are counted in any case. */
const REJECTIONS_LISTED_MAX = 100;

/**
 * Observations pending or being committed together. Each lab's are one flat array of rows of ROW_LENGTH numbers, in
 * the order of arrival: appending to it allocates nothing.
 */
export class Batch {
  readonly rowsByLab = new Map<string, number[]>();
  /** Rejections to be listed for operators. */
  readonly rejections: Rejection[] = [];
  #observations = 0;

  /** Number of observations in the batch. */
  get observations(): number {
    return this.#observations;
  }

  get isEmpty(): boolean {
    return this.#observations === 0 && this.rejections.length === 0;
  }

  add(lab: string, timestampMs: number, tag: number, temp: number, humidity: number): void {
    const rows = this.rowsByLab.get(lab);
    // Of most labs one comes: an empty array that grows takes room for four.
    if (rows === undefined) this.rowsByLab.set(lab, [timestampMs, tag, temp, humidity]);
    else rows.push(timestampMs, tag, temp, humidity);
    this.#observations += 1;
  }

  /** Adds an observation that says when it was measured. */
  addTimed(lab: string, observation: Observation & { readonly timestampMs: number }): void {
    const { timestampMs, temp, humidity, sensor } = observation;
    this.add(lab, timestampMs, sensorTag(sensor), temp, humidity);
  }

  /** Adds all rows of a lab, taken from another batch. */
  addRows(lab: string, rows: readonly number[]): void {
    const mine = this.rowsByLab.get(lab);
    if (mine === undefined) this.rowsByLab.set(lab, rows.slice());
    else for (const value of rows) mine.push(value);
    this.#observations += rows.length / ROW_LENGTH;
  }

  /** Adds a lab that is not in it yet, with the very rows of another batch: neither may be changed after that. */
  shareRows(lab: string, rows: number[]): void {
    this.rowsByLab.set(lab, rows);
    this.#observations += rows.length / ROW_LENGTH;
  }

  /** Takes up to so many observations out, as a batch of their own, with all rejections. */
  take(observations: number): Batch {
    const taken = new Batch();
    for (const rejection of this.rejections.splice(0)) taken.list(rejection);
    for (const [lab, rows] of this.rowsByLab) {
      const values = Math.min(rows.length, (observations - taken.#observations) * ROW_LENGTH);
      if (values === 0) break;
      if (values === rows.length) this.rowsByLab.delete(lab);
      taken.addRows(lab, values === rows.length ? rows : rows.splice(0, values));
    }
    this.#observations -= taken.#observations;
    return taken;
  }

  /** Adds everything of another batch. */
  merge(other: Batch): void {
    for (const [lab, rows] of other.rowsByLab) this.addRows(lab, rows);
    for (const rejection of other.rejections) this.list(rejection);
  }

  /** Keeps a rejection to be listed, unless the batch has plenty. */
  list(rejection: Rejection): void {
    if (this.rejections.length < REJECTIONS_LISTED_MAX) this.rejections.push(rejection);
  }
}
