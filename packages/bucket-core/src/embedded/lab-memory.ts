import type { LabState } from './lab-state.js';

/**
 * The labs that are in memory, in two lines:
 *
 *     active    touched since it was last saved, the one that waits longest first ──saved──▶ resting
 *     resting   as the disk has it, the one that rests longest first ──touched──▶ active
 *
 * To save active labs from the front is to need ever later journal records only. Resting labs are a cache, let go from
 * the front.
 */
export class LabMemory {
  readonly #active = new Map<string, LabState>();
  readonly #resting = new Map<string, LabState>();
  readonly #unsaved = new Set<string>();
  #bytes = 0;
  #activeRecords = 0;

  /** Bytes of all labs, roughly, as of when each was last touched or saved. */
  get bytes(): number {
    return this.#bytes;
  }

  get activeCount(): number {
    return this.#active.size;
  }

  /** Records that saving all active labs writes, at most. */
  get activeRecords(): number {
    return this.#activeRecords;
  }

  /** Labs that differ from what the disk has. */
  get active(): Iterable<LabState> {
    return this.#active.values();
  }

  /** Labs that the disk does not know yet. */
  get unsaved(): Iterable<string> {
    return this.#unsaved;
  }

  get unsavedCount(): number {
    return this.#unsaved.size;
  }

  get(lab: string): LabState | undefined {
    return this.#active.get(lab) ?? this.#resting.get(lab);
  }

  isActive(lab: string): boolean {
    return this.#active.has(lab);
  }

  /** The oldest journal record that some active lab still needs; `next` if none does. */
  neededFrom(next: number): number {
    for (const state of this.#active.values()) return state.activeSince;
    return next;
  }

  /** Takes in a lab as the disk has it. */
  addResting(state: LabState): void {
    this.#resting.set(state.lab, state);
    this.#measure(state);
  }

  /** A journal record touches the lab. */
  activate(state: LabState, record: number): void {
    if (!this.#active.has(state.lab)) {
      this.#resting.delete(state.lab);
      this.#activeRecords += state.measured.records;
      this.#active.set(state.lab, state);
      state.activeSince = record;
      if (!state.isSaved) this.#unsaved.add(state.lab);
    }
    this.#measure(state);
  }

  /** The active labs that wait longest, as many as it takes for so many records. */
  oldest(records: number): LabState[] {
    const states: LabState[] = [];
    let sum = 0;
    for (const state of this.#active.values()) {
      if (sum >= records) break;
      states.push(state);
      sum += state.measured.records;
    }
    return states;
  }

  /** The lab is on the disk, up to this journal record. */
  rest(state: LabState, upTo: number): void {
    this.#activeRecords -= state.measured.records;
    state.markSaved(upTo);
    this.#active.delete(state.lab);
    this.#unsaved.delete(state.lab);
    this.#resting.set(state.lab, state);
    this.#measure(state);
  }

  /** Lets go of a lab: one that rests, or whose buckets have all expired. */
  forget(lab: string): void {
    const state = this.get(lab);
    if (state === undefined) return;
    if (this.#active.delete(lab)) this.#activeRecords -= state.measured.records;
    this.#resting.delete(lab);
    this.#unsaved.delete(lab);
    this.#bytes -= state.measured.bytes;
  }

  /** Lets go of resting labs until no more than so many bytes are held, or none rests. */
  shrink(bytesMax: number): void {
    for (const lab of this.#resting.keys()) {
      if (this.#bytes <= bytesMax) return;
      this.forget(lab);
    }
  }

  #measure(state: LabState): void {
    const { bytes, records } = state;
    this.#bytes += bytes - state.measured.bytes;
    if (this.#active.has(state.lab)) this.#activeRecords += records - state.measured.records;
    state.measured.bytes = bytes;
    state.measured.records = records;
  }
}
