import { median, percent } from '../figures.js';
import { CAN_LOOK } from './process-figures.js';

/** A load that waits for less than this share of its time was itself the limit. */
export const BUSY_LIMIT = 0.95;
/** More of the machine than this in the hands of other programs spoils the figures. */
const OTHERS_LIMIT = 0.1;

/** Rounds of what has this name in the table. */
interface Measured<T> {
  readonly name: string;
  readonly rounds: readonly T[];
}

/** What to say where there are no CPU times. */
export function noteOnCpu(): string[] {
  return CAN_LOOK ? [] : ['No CPU times: there is no /proc here.'];
}

/** What to say about those whose load was the limit in most of their rounds. */
export function noteOnBusyLoads(measured: readonly Measured<{ readonly busy: number }>[]): string[] {
  return measured
    .filter(({ rounds }) => median(rounds.map(({ busy }) => busy)) >= BUSY_LIMIT)
    .map(({ name }) => `${name}: the load was the limit, or had no core of its own; the peer can do more.`);
}

/** What to say about those during which other programs took a part of the machine, by their worst round. */
export function noteOnOthers(measured: readonly Measured<{ readonly others: number }>[]): string[] {
  const spoilt = measured
    .map(({ name, rounds }) => ({ name, others: Math.max(...rounds.map(({ others }) => others)) }))
    .filter(({ others }) => others > OTHERS_LIMIT)
    .map(({ name, others }) => `${name} (${percent(others)})`);
  if (spoilt.length === 0) return [];
  return [`Do not trust these, other programs took much of the machine: ${spoilt.join(', ')}.`];
}
