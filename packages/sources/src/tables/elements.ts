import type { Path } from '../language/path.js';
import { firstAt, forEachAt } from './walk.js';

/**
 * The places of a payload where observations stand, with what their names say. The lists are kept from
 * publish to publish: nothing is allocated for them.
 */
export class Elements {
  readonly values: unknown[] = [];
  readonly labs: string[] = [];
  readonly sensors: string[] = [];
  length = 0;

  #lengthMax = 0;

  constructor(readonly each: readonly Path[]) {}

  /** Finds them. False: there are more than `lengthMax`. */
  find(root: unknown, lengthMax: number): boolean {
    this.#lengthMax = lengthMax;
    this.length = 0;
    let fits = true;
    for (const path of this.each) fits &&= this.#walk(root, path, 0, '', '');
    return fits;
  }

  #walk(value: unknown, path: Path, at: number, lab: string, sensor: string): boolean {
    const step = path.steps[at];
    if (step === undefined) return this.#add(value, lab, sensor);
    if (step.kind === 'member' || step.kind === 'index') {
      const member = firstAt(value, path.steps.slice(at, at + 1));
      return member === undefined || this.#walk(member, path, at + 1, lab, sensor);
    }
    const as = step.kind === 'members' ? step.pattern.capture?.as : undefined;
    let fits = true;
    forEachAt(value, step, (member, text) => {
      fits = this.#walk(member, path, at + 1, as === 'lab' ? text : lab, as === 'sensor' ? text : sensor);
      return fits;
    });
    return fits;
  }

  #add(value: unknown, lab: string, sensor: string): boolean {
    if (this.length >= this.#lengthMax) return false;
    this.values[this.length] = value;
    this.labs[this.length] = lab;
    this.sensors[this.length] = sensor;
    this.length += 1;
    return true;
  }

  /** Lets go of the payload. */
  clear(): void {
    this.values.fill(undefined, 0, this.length);
    this.length = 0;
  }
}
