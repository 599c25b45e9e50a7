import { moment, type Place, zoneOffsetMs } from '../format/moments.js';

const DAY_S = 86_400;

/** Labels of a time axis: the time of the day, and the day where one begins. */
export function timeLabels(splits: readonly number[], stepS: number, place: Place): string[] {
  return splits.map((s) => {
    const ms = s * 1000;
    if (stepS >= DAY_S) return moment(ms, 'dayOfMonth', place);
    const isMidnight = (ms + zoneOffsetMs(ms, place.zone)) % (DAY_S * 1000) === 0;
    return moment(ms, isMidnight ? 'dayOfMonth' : 'time', place);
  });
}
