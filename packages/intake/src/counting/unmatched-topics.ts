/** Topic patterns that are noted; beyond, publishes are counted only. */
const PATTERNS_MAX = 100;

/** The first publish of a pattern of topics that no source knows. */
export interface UnmatchedNote {
  /** Its first level, and `#` for what follows. */
  readonly pattern: string;
  readonly topic: string;
}

/** Publishes on topics of no source: counted, and each pattern of topics is noted once. */
export class UnmatchedTopics {
  #publishes = 0;
  readonly #patterns = new Set<string>();

  constructor(private readonly onNote: (note: UnmatchedNote) => void) {}

  get publishes(): number {
    return this.#publishes;
  }

  add(topic: string): void {
    this.#publishes += 1;
    if (this.#patterns.size >= PATTERNS_MAX) return;
    const slash = topic.indexOf('/');
    const pattern = slash === -1 ? topic : `${topic.slice(0, slash)}/#`;
    if (this.#patterns.has(pattern)) return;
    this.#patterns.add(pattern);
    this.onNote({ pattern, topic });
  }
}
