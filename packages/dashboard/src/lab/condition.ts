import type { Lab } from './lab.js';
import { hasLimits, type Limits } from './limits.js';

/** What can be said of a lab now, the worst first. `unjudged`: it speaks, and nobody gave it limits. */
export const CONDITIONS = [
  'too_warm',
  'too_cold',
  'too_damp',
  'too_dry',
  'silent',
  'never',
  'fine',
  'unjudged',
] as const;

export type Condition = (typeof CONDITIONS)[number];

/** Those that somebody should look at. */
export const TROUBLE: ReadonlySet<Condition> = new Set(CONDITIONS.slice(0, 6));

/**
 * Everything that holds of a lab now, the worst first; at least one. Nothing old is judged as if it were current: a
 * metric that is silent is only that, and so is a lab.
 */
export function conditionsOf(lab: Lab, nowMs: number): readonly [Condition, ...Condition[]] {
  const { atMs, temp, humidity, limits, silentAfterMs } = lab;
  if (atMs === undefined) return NEVER;
  if (nowMs - atMs > silentAfterMs) return SILENT;
  const isSilent = silentMetric(lab, nowMs);
  const warmth = isSilent === 'temp' ? 0 : sideOf(temp, limits.temp);
  const damp = isSilent === 'humidity' ? 0 : sideOf(humidity, limits.humidity);
  if (warmth === 0 && damp === 0 && isSilent === undefined) return isJudged(lab) ? FINE : UNJUDGED;
  const found: Condition[] = [];
  if (warmth !== 0) found.push(warmth > 0 ? 'too_warm' : 'too_cold');
  if (damp !== 0) found.push(damp > 0 ? 'too_damp' : 'too_dry');
  if (isSilent !== undefined) found.push('silent');
  return found as [Condition, ...Condition[]];
}

/** The metric of a lab that is no longer heard, while the other one is. */
export function silentMetric(lab: Lab, nowMs: number): 'temp' | 'humidity' | undefined {
  const isOld = (atMs: number | undefined) => atMs !== undefined && nowMs - atMs > lab.silentAfterMs;
  if (isOld(lab.tempAtMs)) return 'temp';
  return isOld(lab.humidityAtMs) ? 'humidity' : undefined;
}

const NEVER: readonly [Condition] = ['never'];
const SILENT: readonly [Condition] = ['silent'];
const FINE: readonly [Condition] = ['fine'];
const UNJUDGED: readonly [Condition] = ['unjudged'];

function isJudged({ temp, humidity, limits }: Lab): boolean {
  return (temp !== null && hasLimits(limits.temp)) || (humidity !== null && hasLimits(limits.humidity));
}

/** −1 below the limits, 1 above, 0 within or not known. */
export function sideOf(value: number | null, { min, max }: Limits): -1 | 0 | 1 {
  if (value === null) return 0;
  if (max !== undefined && value > max) return 1;
  return min !== undefined && value < min ? -1 : 0;
}

/** What a metric beyond a limit is called. */
export function conditionBeyond(metric: 'temp' | 'humidity', side: 'above' | 'below'): Condition {
  if (metric === 'temp') return side === 'above' ? 'too_warm' : 'too_cold';
  return side === 'above' ? 'too_damp' : 'too_dry';
}
