import { type LabEntry, type LabSettings, NO_SETTINGS } from './lab-settings.js';

const ANY_END = '*';
/** Labs whose settings are kept ready; beyond, all are found anew. */
const READY_MAX = 100_000;

/** What is known of labs beside what they measured: names, groups, limits. Of each setting the longest pattern counts. */
export class LabDirectory {
  /** Ids that are listed, in the order of their characters' codes: labs that should exist. */
  readonly listed: readonly string[];
  readonly groups: ReadonlySet<string>;
  readonly #own = new Map<string, Partial<LabSettings>>();
  /** The shortest first. */
  readonly #patterns: readonly { readonly prefix: string; readonly settings: Partial<LabSettings> }[];
  readonly #ready = new Map<string, LabSettings>();

  /** @param sorted the patterns of all entries in the order of their characters' codes, if they have been sorted. */
  constructor(
    entries: readonly LabEntry[],
    sorted: readonly string[] = entries.map(({ pattern }) => pattern).sort(),
  ) {
    const isPattern = ({ pattern }: LabEntry) => pattern.endsWith(ANY_END);
    const groups = new Set<string>();
    for (const entry of entries) {
      if (!isPattern(entry)) this.#own.set(entry.pattern, entry.settings);
      if (entry.settings.group !== undefined) groups.add(entry.settings.group);
    }
    this.groups = groups;
    this.listed = sorted.filter((pattern) => this.#own.has(pattern));
    this.#patterns = entries
      .filter(isPattern)
      .map(({ pattern, settings }) => ({ prefix: pattern.slice(0, -1), settings }))
      .sort((a, b) => a.prefix.length - b.prefix.length);
  }

  /** Lines that were read. */
  get size(): number {
    return this.#own.size + this.#patterns.length;
  }

  isListed(lab: string): boolean {
    return this.#own.has(lab);
  }

  of(lab: string): LabSettings {
    if (this.size === 0) return NO_SETTINGS;
    const ready = this.#ready.get(lab);
    if (ready !== undefined) return ready;
    const matching = this.#patterns.filter(({ prefix }) => lab.startsWith(prefix));
    const settings: LabSettings = Object.assign(
      {},
      NO_SETTINGS,
      ...matching.map((one) => one.settings),
      this.#own.get(lab),
    );
    if (this.#ready.size >= READY_MAX) this.#ready.clear();
    this.#ready.set(lab, settings);
    return settings;
  }
}

export const NO_DIRECTORY = new LabDirectory([]);
