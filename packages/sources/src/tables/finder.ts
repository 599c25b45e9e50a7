import { type CaptureName, captured, type NamePattern } from '../language/name-pattern.js';
import { type Path, type PathStep, parsePath } from '../language/path.js';
import type { Unit } from '../language/unit.js';
import { isObject, memberOf, unwrapped } from './json-access.js';
import { firstAt, type Place } from './walk.js';

/** Keys whose capture is remembered, of one pattern. What comes beyond is computed each time. */
const KEYS_REMEMBERED = 4096;

/** How the numbers of one alternative are to be read. */
export interface NumberForm {
  readonly unit?: Unit;
  /** What a number is multiplied by: 0.1 for tenths. */
  readonly scale?: number;
}

/** Where one alternative of a metric stands, and its unit and scale if it has them of its own. */
export class Finder {
  readonly path: Path;
  readonly unit: Unit | undefined;
  readonly scale: number | undefined;
  /** Set if the path is one plain key: the way almost every value is found. */
  readonly key: string | undefined;
  /** The steps in front of the key that captures a sensor, that key, and those behind it. */
  readonly #before: readonly PathStep[];
  readonly pattern: NamePattern | undefined;
  readonly #after: readonly PathStep[];
  readonly #captures = new Map<string, string | undefined>();

  /** @throws RangeError that says what was expected. */
  constructor(text: string, form: NumberForm | undefined, captures: readonly CaptureName[] = ['sensor']) {
    this.path = parsePath(text, captures);
    this.unit = form?.unit;
    this.scale = form?.scale;
    const { steps } = this.path;
    const at = steps.findIndex(
      (step) =>
        step.kind === 'members' && step.pattern.capture !== undefined && step.pattern.capture.as !== '_',
    );
    const capturing = steps[at];
    this.#before = at === -1 ? steps : steps.slice(0, at);
    this.pattern = capturing?.kind === 'members' ? capturing.pattern : undefined;
    this.#after = at === -1 ? [] : steps.slice(at + 1);
    const [only] = steps;
    this.key =
      steps.length === 1 &&
      !this.path.fromDocument &&
      only?.kind === 'member' &&
      !(only.key in Object.prototype)
        ? only.key
        : undefined;
  }

  /** Whether the keys of the element itself are what the pattern is for. */
  get startsWithCapture(): boolean {
    return this.pattern !== undefined && this.#before.length === 0 && !this.path.fromDocument;
  }

  /** Whether its place may be in an element, by the keys of the element. */
  mayBeIn(element: Readonly<Record<string, unknown>>): boolean {
    const [first] = this.path.steps;
    if (this.path.fromDocument || first?.kind !== 'members') {
      const isOther = this.path.fromDocument || first?.kind !== 'member';
      return isOther || Object.hasOwn(element, first.key);
    }
    return Object.keys(element).some((key) => captured(first.pattern, key) !== undefined);
  }

  /** The value without a capture, or undefined. */
  find(element: unknown, document: unknown): unknown {
    if (this.key !== undefined) return isObject(element) ? unwrapped(element[this.key]) : undefined;
    const value = firstAt(this.path.fromDocument ? document : element, this.#before);
    return value === undefined ? undefined : unwrapped(value);
  }

  /** As `find`, of a value that no member `value` wraps. */
  findPlain(element: unknown, document: unknown): unknown {
    if (this.key !== undefined) return isObject(element) ? element[this.key] : undefined;
    return firstAt(this.path.fromDocument ? document : element, this.#before);
  }

  /** Where the value of `find` stands. */
  locate(element: unknown, document: unknown): Place | undefined {
    let place: Place | undefined;
    firstAt(this.path.fromDocument ? document : element, this.#before, 0, (at) => {
      place = at;
    });
    const value =
      place === undefined ? undefined : (place.container as Record<string | number, unknown>)[place.key];
    return isObject(value) && memberOf(value, 'value') !== undefined
      ? { container: value, key: 'value' }
      : place;
  }

  /** The object whose keys may fit the pattern. */
  containerIn(element: unknown, document: unknown): Readonly<Record<string, unknown>> | undefined {
    const container = firstAt(this.path.fromDocument ? document : element, this.#before);
    return isObject(container) ? container : undefined;
  }

  /** What the pattern captures of a key; undefined if it does not fit. */
  captureOf(key: string): string | undefined {
    const known = this.#captures.get(key);
    if (known !== undefined) return known === '' ? undefined : known;
    const text = captured(this.pattern!, key);
    if (this.#captures.size < KEYS_REMEMBERED) this.#captures.set(key, text ?? '');
    return text;
  }

  /** The value behind a key that fits. */
  valueBehind(value: unknown): unknown {
    return unwrapped(this.#after.length === 0 ? value : firstAt(value, this.#after));
  }
}
