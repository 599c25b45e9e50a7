import { error, type Finding, ok, warning } from './finding.js';

/** Beyond this, observations of right clocks are rejected as `future`. */
const APART_S_MAX = 60;
const APART_S_GOOD = 5;

/** Compares the clock of this machine with that of another, Unix milliseconds. */
export function clockFinding(whose: string, otherMs: number, nowMs: number): Finding {
  const apartS = Math.round((nowMs - otherMs) / 1000);
  const size = Math.abs(apartS);
  if (size <= APART_S_GOOD) return ok('clock', `it agrees with that of ${whose}`);
  const what = `the clock of this machine is ${size} s ${apartS > 0 ? 'ahead of' : 'behind'} that of ${whose}`;
  const change = 'timedatectl set-ntp true, on both machines';
  return size > APART_S_MAX ? error('clock', what, change) : warning('clock', what, change);
}

/** What can be said without another clock. */
export function plausibleClock(nowMs: number, builtMs: number): Finding[] {
  return nowMs < builtMs
    ? [
        error(
          'clock',
          `the clock of this machine says ${new Date(nowMs).toISOString()}, which is before humtemp was installed`,
          'timedatectl set-ntp true',
        ),
      ]
    : [];
}
