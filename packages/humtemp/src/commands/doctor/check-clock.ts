import { error, type Finding } from './finding.js';

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
