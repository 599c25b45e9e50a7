import { isContainer, isObject, unwrapped } from './tables/json-access.js';

const DEPTH_MAX = 6;
const MEMBERS_MAX = 500;

/** Names of an air temperature or humidity, as devices write them. */
const LIKELY = /temp|hum(?!an)|(?:^|_)t[CF]$|(?:^|_)rh(?:um)?$|^atmp$|^rhum$|feuchte/i;
/** Names that hold one of these words and are no room's: settings, limits, chips, soil. */
const UNLIKELY =
  /set_?point|calibrat|offset|limit|_min$|_max$|^min_|^max_|alarm|unit|precision|compensat|sensitiv|threshold|period|interval|cpu|chip|device_temp|soil|dew|heat_?index|feels|color|colour|template|attempt|timestamp|target|trend|protection|control|status|state|mode|enable|source|display|hysteresis|deadzone|schedule|program|preset/i;

/** Whether a key looks like a temperature or humidity of the air. */
export function looksLikeMetric(key: string): boolean {
  return LIKELY.test(key) && !UNLIKELY.test(key);
}

/**
 * Numbers under keys that look like a temperature or humidity, wherever they stand.
 * @param known keys that the source reads anyway.
 */
export function forEachLikelyKey(
  document: unknown,
  known: ReadonlySet<string>,
  visit: (path: string, value: unknown) => void,
): void {
  let members = 0;
  const walk = (value: unknown, path: string, depth: number): void => {
    if (!isContainer(value) || depth > DEPTH_MAX) return;
    for (const key of Object.keys(value)) {
      members += 1;
      if (members > MEMBERS_MAX) return;
      const member = (value as Record<string, unknown>)[key];
      const at = isObject(value) ? (path === '' ? key : `${path}.${key}`) : `${path}[]`;
      if (isObject(value) && !known.has(key) && looksLikeMetric(key) && isNumberLike(unwrapped(member)))
        visit(at, member);
      else walk(member, at, depth + 1);
    }
  };
  walk(document, '', 0);
}

function isNumberLike(value: unknown): boolean {
  return (
    typeof value === 'number' ||
    (typeof value === 'string' && /^\s*[+-]?[0-9]+(?:[.,][0-9]+)?\s*$/.test(value))
  );
}
