import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startRedis, temporaryFolder } from '@humtemp/test-services';
import { runHumtemp } from './humtemp-process.js';
import { randomOf } from './random.js';
import { csvOf, type SensorRow, sensorRows } from './sensor-rows.js';
import { type StartParts, startTest } from './start-test.js';

const SCRIPT = fileURLToPath(new URL('../src/independent-check.py', import.meta.url));
/** What is replayed instead of rows made up. */
const RECORDING = process.env.CSV;
const CHECK_MS_MAX = 90_000;
const EVERY_MINUTES = 4;
const MINUTES = 36 * 60;

const python = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))']);
const skip = python.status === 0 ? false : 'there is no python3, 3.8 or later';

describe('a program that has nothing of humtemp computes from the file what humtemp answers', {
  skip,
}, () => {
  startTest('from the embedded store, to the thousandth', {}, async (parts) => {
    const replayed = await replay(parts);
    await assertNoDifference(parts, replayed);
    const lines = (await readFile(replayed.file, 'utf8')).split('\n');
    const middle = lines.findIndex((line, i) => i > lines.length / 2 && /^[^,]+,\d+,\d/.test(line));
    lines[middle] = lines[middle]!.replace(/^([^,]+,\d+,)([\d.]+)/, (_, before, temp) => {
      return `${before}${(Number(temp) + 0.001).toFixed(3)}`;
    });
    await writeFile(replayed.file, lines.join('\n'));
    const { differences, output } = await check(parts, replayed);
    assert.ok(differences > 0, output);
  });

  startTest(
    'from Redis',
    async (onEnd) => {
      const redis = await startRedis();
      onEnd(() => redis.close());
      return { HUMTEMP_REDIS_URL: redis.url };
    },
    async (parts) => assertNoDifference(parts, await replay(parts)),
  );
});

interface Replayed {
  readonly file: string;
  readonly shiftTo: string;
}

async function replay({ start, onEnd }: StartParts): Promise<Replayed> {
  const folder = await temporaryFolder('independent-check');
  onEnd(() => folder.remove());
  const file = join(folder.path, 'rows.csv');
  await writeFile(file, RECORDING === undefined ? csvOf(roughRows()) : await readFile(RECORDING));
  const shiftTo = `${Math.floor(Date.now() / 1000)}`;
  const args = ['replay', file, '--shift-to', shiftTo, '--url', start.url, '--api', start.ports.baseUrl];
  const { code, stderr } = await runHumtemp(args);
  assert.equal(code, 0, stderr);
  return { file, shiftTo };
}

async function assertNoDifference(parts: StartParts, replayed: Replayed): Promise<void> {
  const { differences, output } = await check(parts, replayed);
  assert.equal(differences, 0, output);
  parts.context.diagnostic(output);
}

/** Runs the program; its last line says what it found. */
function check(
  { start }: StartParts,
  { file, shiftTo }: Replayed,
): Promise<{ readonly differences: number; readonly output: string }> {
  const args = [SCRIPT, file, shiftTo, start.ports.baseUrl];
  return new Promise((resolve, reject) => {
    execFile('python3', args, { timeout: CHECK_MS_MAX }, (error, stdout, stderr) => {
      const output = stdout + stderr;
      const result = /^\{"rows".*\}$/m.exec(stdout)?.[0];
      if (result === undefined) reject(new Error(output, { cause: error }));
      else resolve({ differences: (JSON.parse(result) as { differences: number }).differences, output });
    });
  });
}

/**
 * A day and a half of what radio nodes send and more: rows and whole hours that are missing, rows sent twice,
 * late ones, nodes with one metric, frost, three decimals, two values of one moment.
 */
function roughRows(): SensorRow[] {
  const random = randomOf(7);
  const rows = sensorRows(5, MINUTES / EVERY_MINUTES, MINUTES * 60).flatMap((row): SensorRow[] => {
    const timestampS = MINUTES * 60 - (MINUTES * 60 - row.timestampS) * EVERY_MINUTES;
    const one = { ...row, timestampS };
    switch (row.lab) {
      case 'library-1':
        return random() < 0.1 ? [one, { ...one, temp: '19.5' }] : [one];
      case 'library-2':
        return timestampS % 28_800 < 10_800 ? [] : [one];
      case 'library-3':
        return [{ ...one, temp: '' }];
      case 'library-4':
        return [random() < 0.5 ? { ...one, humidity: '' } : one];
      default:
        return [{ ...one, lab: 'library-10', temp: (random() * 60 - 40).toFixed(3), humidity: '100' }];
    }
  });
  // Each up to twenty minutes late.
  return rows
    .map((row) => ({ row, arrivalS: row.timestampS + random() * 1200 }))
    .sort((a, b) => a.arrivalS - b.arrivalS)
    .map(({ row }) => row);
}
