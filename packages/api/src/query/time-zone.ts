import { badParameter } from './read-query.js';

export const ZONE_EXPECTED = 'the IANA name of a time zone, such as Europe/Berlin';

/** Whether the platform knows a time zone by this name. An offset such as +02:00 is none: it has no daylight saving. */
export function isTimeZone(name: string): boolean {
  const known = KNOWN.get(name);
  if (known !== undefined) return known;
  if (KNOWN.size >= KNOWN_MAX) KNOWN.clear();
  const isOne = isKnownToPlatform(name);
  KNOWN.set(name, isOne);
  return isOne;
}

/** Asking the platform takes some fifty microseconds. */
const KNOWN = new Map<string, boolean>();
const KNOWN_MAX = 1000;

function isKnownToPlatform(name: string): boolean {
  if (!/^[A-Za-z][\w+/-]{0,63}$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** @throws ProblemError with status 400 for a name that is no time zone. */
export function checkedTimeZone(tz: string): string {
  if (isTimeZone(tz)) return tz;
  throw badParameter('tz', ZONE_EXPECTED);
}
