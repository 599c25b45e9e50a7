import type { Finder } from './finder.js';
import { isObject } from './json-access.js';

/** One place where a metric may stand, in elements of one shape. */
export interface Candidate {
  readonly finder: Finder;
  /** The key that is the place, or leads to it; undefined: the path of the finder leads there. */
  readonly key: string | undefined;
  readonly sensor: string;
}

/**
 * What can be said of an element by its keys alone: which of the alternatives may be there. The payloads of a
 * device have the same keys again and again, so this is worked out once for them.
 */
export interface Shape {
  readonly keys: readonly string[];
  readonly temp: readonly Candidate[];
  readonly humidity: readonly Candidate[];
  readonly needs: readonly Finder[];
  readonly unless: readonly Finder[];
}

export interface ShapeParts {
  readonly temp: readonly Finder[];
  readonly humidity: readonly Finder[];
  readonly needs: readonly Finder[];
  readonly unless: readonly Finder[];
}

/** A shape of its own for each topic, most often: where the one of the last publish is kept. */
export interface ShapeSlot {
  shape: Shape | undefined;
}

/** Shapes that are remembered, and keys of one of them. */
const SHAPES_MAX = 1000;
const KEYS_MAX = 200;

export class Shapes {
  readonly #parts: ShapeParts;
  /** Of everything that has no keys: nothing is known of it. */
  readonly #unknown: Shape;
  readonly #known = new Map<string, Shape>();

  constructor(parts: ShapeParts) {
    this.#parts = parts;
    const all = (finders: readonly Finder[]) =>
      finders.map((finder) => ({ finder, key: undefined, sensor: '' }));
    const { needs, unless } = parts;
    this.#unknown = { keys: [], temp: all(parts.temp), humidity: all(parts.humidity), needs, unless };
  }

  /** The shape of an element. @param slot holds the one that it most likely is. */
  of(element: unknown, slot: ShapeSlot): Shape {
    if (!isObject(element)) return this.#unknown;
    const last = slot.shape;
    if (last !== undefined && hasKeys(element, last.keys)) return last;
    const keys = Object.keys(element);
    const shape = keys.length > KEYS_MAX ? this.#make(element, keys) : this.#remembered(element, keys);
    slot.shape = shape;
    return shape;
  }

  #remembered(element: Readonly<Record<string, unknown>>, keys: string[]): Shape {
    const name = JSON.stringify(keys);
    let shape = this.#known.get(name);
    if (shape === undefined) {
      shape = this.#make(element, keys);
      if (this.#known.size >= SHAPES_MAX) this.#known.clear();
      this.#known.set(name, shape);
    }
    return shape;
  }

  #make(element: Readonly<Record<string, unknown>>, keys: string[]): Shape {
    const { temp, humidity, needs, unless } = this.#parts;
    const candidates = (finders: readonly Finder[]) =>
      finders.flatMap((finder): Candidate[] => {
        if (finder.startsWithCapture)
          return keys.flatMap((key) => {
            const sensor = finder.captureOf(key);
            return sensor === undefined ? [] : [{ finder, key, sensor }];
          });
        return finder.mayBeIn(element) ? [{ finder, key: finder.key, sensor: '' }] : [];
      });
    return {
      keys,
      temp: candidates(temp),
      humidity: candidates(humidity),
      needs: needs.filter((finder) => finder.mayBeIn(element)),
      unless: unless.filter((finder) => finder.mayBeIn(element)),
    };
  }
}

/** Whether an object has these keys, in this order, and no others. */
export function hasKeys(element: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean {
  let i = 0;
  for (const key in element) if (key !== keys[i++]) return false;
  return i === keys.length;
}
