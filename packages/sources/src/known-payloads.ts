import { KnownObject } from './decoders/known-object.js';
import { isContainer, isObject } from './tables/json-access.js';
import { hasKeys, type ShapeSlot } from './tables/shape.js';
import type { Table } from './tables/table.js';
import { type WantedKeys, wantedKeys } from './tables/wanted-keys.js';

/** Payloads of the same keys, that can be read without all that nobody wants. */
export interface KnownPayload {
  readonly keys: readonly string[];
  readonly object: KnownObject;
  /** Of the wanted members, for each table that may read them. */
  readonly slots: readonly ShapeSlot[];
}

/** Lists of keys that are remembered, and keys of one. */
const KNOWN_MAX = 1000;
const KEYS_MAX = 100;

/** Remembers the keys of the payloads of one kind of topic. */
export class KnownPayloads {
  readonly #wanted: readonly WantedKeys[];
  readonly #tables: number;
  readonly #known = new Map<string, KnownPayload | undefined>();

  private constructor(wanted: readonly WantedKeys[]) {
    this.#wanted = wanted;
    this.#tables = wanted.length;
  }

  /** Undefined if one of the tables reads further than the members of a payload. */
  static for(tables: readonly Table[]): KnownPayloads | undefined {
    const wanted = tables.map(wantedKeys);
    return wanted.every((one) => one !== undefined) ? new KnownPayloads(wanted) : undefined;
  }

  /**
   * How payloads with the keys of this document can be read; undefined: the general way only.
   * @param last what it was for the payload before.
   */
  of(document: unknown, last: KnownPayload | undefined): KnownPayload | undefined {
    if (!isObject(document)) return undefined;
    if (last !== undefined && hasKeys(document, last.keys)) return last;
    const keys = Object.keys(document);
    if (keys.length === 0 || keys.length > KEYS_MAX) return undefined;
    const name = JSON.stringify(keys);
    if (this.#known.has(name)) return this.#known.get(name);
    const isWanted = (key: string) => this.#wanted.some((table) => table.wants(key));
    const isTime = (key: string) =>
      this.#wanted.every((table) => table.wantsTimeOnly(key) || !table.wants(key));
    // A wanted member with members of its own is for the general way, and so is a name that every object has.
    const isPlain = keys.every(
      (key) => !isWanted(key) || (!isContainer(document[key]) && !(key in Object.prototype)),
    );
    const payload = isPlain
      ? {
          keys,
          object: new KnownObject(keys, isWanted, isTime),
          slots: Array.from({ length: this.#tables }, () => ({ shape: undefined })),
        }
      : undefined;
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(name, payload);
    return payload;
  }
}
