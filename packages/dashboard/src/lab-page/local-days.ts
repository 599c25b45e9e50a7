import { startOfDay } from '../format/moments.js';

const DAY_S = 86_400;
/** What has gone of today, and an hour where clocks change. */
const TODAY_S = DAY_S + 3600;

/**
 * For how many days back the service can make days of a zone: of the resolution that is kept longest of those that have a
 * border wherever a day begins there. 0: it cannot.
 */
export function localDaysKept(
  resolutions: readonly { readonly duration_s: number; readonly kept_s: number }[],
  zone: string,
  nowMs: number,
): number {
  // In summer and in winter.
  const beginsMs = [0, -182].map((days) => startOfDay(nowMs, zone, days));
  const fitting = resolutions.filter(
    ({ duration_s }) => duration_s <= DAY_S && beginsMs.every((ms) => ms % (duration_s * 1000) === 0),
  );
  return Math.max(
    0,
    ...fitting.map(({ duration_s, kept_s }) => Math.floor((kept_s - duration_s - TODAY_S) / DAY_S)),
  );
}
