import { valuesOf } from '../asking.js';
import type { Faults } from '../faults.js';
import type { Keys } from '../keys.js';
import { UnreadableValue } from '../pages/unreadable-value.js';
import type { Servers } from '../servers.js';
import { OTHER_TYPE, wrongTyped } from '../set-aside.js';

/** An unreadable value that was met. */
export interface Unreadable {
  readonly lab: string;
  readonly key: string;
  readonly value: Buffer;
  readonly reason: string;
  readonly nowMs: number;
}

/** A page of a lab was unreadable. */
class UnreadablePage extends UnreadableValue {
  constructor(
    readonly key: string,
    readonly value: Buffer,
    reason: string,
  ) {
    super(reason);
  }
}

/** Values of labs, as readers ask for them. What is unreadable is a fault of its lab, which is left out; nobody else waits. */
export class LabValues {
  constructor(
    readonly servers: Servers,
    readonly keys: Keys,
    readonly faults: Faults,
    /** Called with what could not be read. */
    readonly onUnreadable: (unreadable: Unreadable) => void,
    /** Called with labs that have no head. */
    readonly onMissing: (labs: readonly string[]) => void,
  ) {}

  of(keys: readonly string[]): Promise<(Buffer | null)[]> {
    return valuesOf(this.servers, 'reads', keys);
  }

  /** @throws what is no fault of a lab */
  unreadable(error: unknown, lab: string, head: Buffer, nowMs: number): void {
    if (!(error instanceof UnreadableValue)) throw error;
    const isPage = error instanceof UnreadablePage;
    const key = isPage ? error.key : this.keys.head(lab);
    this.faults.report(key, error.message, lab);
    this.onUnreadable({ lab, key, value: isPage ? error.value : head, reason: error.message, nowMs });
  }

  /** MGET says nothing about keys of other types: those of these labs are reported. */
  async reportWrongHeads(labs: readonly string[]): Promise<void> {
    if (labs.length > 0) this.onMissing(labs);
    await this.reportWrong(new Map(labs.map((lab) => [this.keys.head(lab), lab])));
  }

  /** @param missing keys that MGET gave nothing for, and their labs. @returns the labs of those of another type */
  async reportWrong(missing: ReadonlyMap<string, string>): Promise<readonly string[]> {
    if (missing.size === 0) return [];
    const wrong: string[] = [];
    for (const key of await wrongTyped(this.servers, 'reads', [...missing.keys()])) {
      const lab = missing.get(key)!;
      this.faults.report(key, OTHER_TYPE, lab);
      wrong.push(lab);
    }
    return wrong;
  }
}

/** @throws an error that names the page if it is unreadable */
export function readingPage<T>(key: string, bytes: Buffer, read: (bytes: Buffer) => T): T {
  try {
    return read(bytes);
  } catch (error) {
    if (error instanceof UnreadableValue) throw new UnreadablePage(key, bytes, error.message);
    throw error;
  }
}
