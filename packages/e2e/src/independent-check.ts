import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '@humtemp/test-services';
import type { EmbeddedStart } from './embedded-start.js';
import { runHumtemp } from './humtemp-process.js';

/** A program in another language, which computes from a file what humtemp must answer; see its first lines. */
const PROGRAM = fileURLToPath(new URL('../src/independent-check', import.meta.url));
const CHECK_MS_MAX = 600_000;

const python = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']);
/** Why it cannot run here. */
export const skip = python.status === 0 ? false : 'there is no python3, 3.9 or later';

/** Patterns that contradict each other, other expected intervals, a lab that was never heard of. */
export const LABS_FILE = `lab_id,name,group,temp_min,temp_max,humidity_min,humidity_max,expected_interval,time_zone
*,,,18,25,,,60s,
library-1*,,First floor,20,24,,,,Europe/Berlin
library-1,Reading room,Ground floor,21.5,23.08,40,60,45s,
library-3,,,,,45,,2m,
library-10,Archive,,,,,50,,Asia/Kathmandu
library-20,Vault,,-10,22,,,30s,
library-nobody,Nobody's room,First floor,,,,,,
`;

/** Days, hours and five minutes for a year, as environment and as the program reads them. */
export const LONG_MEMORY = {
  env: {
    HUMTEMP_BUCKET_RETENTION: '400',
    HUMTEMP_ROLLUPS: '5m:366d,1h:366d',
    HUMTEMP_DEDUPLICATION_HORIZON: '366d',
    HUMTEMP_LISTED_FOR: '400d',
  },
  resolutions: `1d:400,5m:${366 * 288},1h:${366 * 24}`,
};

/** What the embedded store keeps by default, as the program reads it; by itself it knows what Redis has. */
export const EMBEDDED_DEFAULT = { env: {}, resolutions: '1d:3660,5m:2016,1h:8784' };

/** What was replayed, and how. */
export interface Replayed {
  readonly file: string;
  /** Unix seconds of its last row. */
  readonly shiftTo: number;
  readonly labsFile?: string | undefined;
  readonly resolutions?: string | undefined;
}

/** What the program found. */
export interface Checked {
  readonly differences: number;
  readonly checks: number;
  readonly output: string;
}

/** A folder with a labs file; it is there until `onEnd` removes it. */
export async function labsFile(onEnd: (close: () => Promise<unknown>) => void): Promise<string> {
  const folder = await temporaryFolder('labs-file');
  onEnd(() => folder.remove());
  const file = join(folder.path, 'labs.csv');
  await writeFile(file, LABS_FILE);
  return file;
}

/** Publishes the rows of a file, the last one at `shiftTo`. */
export async function replay(start: EmbeddedStart, { file, shiftTo }: Replayed): Promise<void> {
  const args = ['replay', file, '--shift-to', `${shiftTo}`, '--url', start.url, '--api', start.ports.baseUrl];
  const { code, stderr } = await runHumtemp(args);
  assert.equal(code, 0, stderr);
}

/** What answers, and what is known of how it was filled. */
export interface Asked extends Replayed {
  readonly baseUrl: string;
  readonly zones?: string | undefined;
  /** Something died meanwhile, so that rows may have been delivered more than once. */
  readonly isRedelivered?: boolean;
}

/** Runs the program; its last line says what it found. */
export function check(asked: Asked): Promise<Checked> {
  const { baseUrl, file, shiftTo, labsFile, resolutions, zones, isRedelivered = false } = asked;
  const options = { labs: labsFile, resolutions, zones };
  const args = [PROGRAM, file, `${shiftTo}`, baseUrl, ...(isRedelivered ? ['--redelivered'] : [])];
  for (const [name, value] of Object.entries(options)) if (value !== undefined) args.push(`--${name}`, value);
  return new Promise((resolve, reject) => {
    execFile('python3', ['-B', ...args], { timeout: CHECK_MS_MAX }, (error, stdout, stderr) => {
      const output = stdout + stderr;
      const result = /^\{"rows".*\}$/m.exec(stdout)?.[0];
      if (result === undefined) reject(new Error(output, { cause: error }));
      else resolve({ ...(JSON.parse(result) as { differences: number; checks: number }), output });
    });
  });
}

/** When clocks were changed last in a time zone, in Unix seconds. */
export function lastClockChangeS(timeZone: string, nowS: number): number {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  const offset = (s: number) =>
    format.formatToParts(s * 1000).find(({ type }) => type === 'timeZoneName')!.value;
  // Clocks change on quarters of an hour.
  for (let s = Math.floor(nowS / 900) * 900; s > nowS - 366 * 86_400; s -= 900)
    if (offset(s) !== offset(s - 900)) return s;
  throw new RangeError(`clocks were not changed for a year in ${timeZone}`);
}
