import { isReading, WRONG } from './metric-rule.js';

/** What became of a value, in words. */
export function describeOutcome(thousandths: number, sensor: string): string {
  const what = isReading(thousandths)
    ? String(thousandths / 1000)
    : thousandths === WRONG
      ? 'rejected'
      : 'no reading';
  return sensor === '' ? what : `${what} (sensor ${sensor})`;
}
