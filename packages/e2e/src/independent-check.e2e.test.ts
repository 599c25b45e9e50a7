import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'node:test';
import { startRedis, temporaryFolder } from '@humtemp/test-services';
import { check, EMBEDDED_DEFAULT, labsFile, type Replayed, replay, skip } from './independent-check.js';
import { randomOf } from './random.js';
import { csvOf, type SensorRow, sensorRows } from './sensor-rows.js';
import { type StartParts, startTest } from './start-test.js';

/** What is replayed instead of rows made up. */
const RECORDING = process.env.CSV;
const EVERY_MINUTES = 4;
const MINUTES = 36 * 60;
const ZONES = 'Asia/Kathmandu,Australia/Lord_Howe';

const withLabsFile = async (onEnd: StartParts['onEnd']) => ({ HUMTEMP_LABS_FILE: await labsFile(onEnd) });

describe('a program that has nothing of humtemp computes from the file what humtemp answers', {
  skip,
}, () => {
  startTest('from the embedded store, to the thousandth', withLabsFile, async (parts) => {
    const replayed = { ...(await replayRows(parts)), resolutions: EMBEDDED_DEFAULT.resolutions };
    await assertNoDifference(parts, replayed);
    const lines = (await readFile(replayed.file, 'utf8')).split('\n');
    const middle = lines.findIndex((line, i) => i > lines.length / 2 && /^[^,]+,\d+,\d/.test(line));
    lines[middle] = lines[middle]!.replace(/^([^,]+,\d+,)([\d.]+)/, (_, before, temp) => {
      return `${before}${(Number(temp) + 0.001).toFixed(3)}`;
    });
    await writeFile(replayed.file, lines.join('\n'));
    const { differences, output } = await check({
      baseUrl: parts.start.ports.baseUrl,
      ...replayed,
      zones: ZONES,
    });
    assert.ok(differences > 0, output);
  });

  startTest(
    'from Redis',
    async (onEnd) => {
      const redis = await startRedis();
      onEnd(() => redis.close());
      return { ...(await withLabsFile(onEnd)), HUMTEMP_REDIS_URL: redis.url };
    },
    async (parts) => assertNoDifference(parts, await replayRows(parts)),
  );
});

async function replayRows({ start, onEnd }: StartParts): Promise<Replayed> {
  const folder = await temporaryFolder('independent-check');
  onEnd(() => folder.remove());
  const file = join(folder.path, 'rows.csv');
  await writeFile(file, RECORDING === undefined ? csvOf(roughRows()) : await readFile(RECORDING));
  const replayed = { file, shiftTo: Math.floor(Date.now() / 1000), labsFile: await labsFile(onEnd) };
  await replay(start, replayed);
  return replayed;
}

async function assertNoDifference({ start, context }: StartParts, replayed: Replayed): Promise<void> {
  const { differences, output } = await check({ baseUrl: start.ports.baseUrl, ...replayed, zones: ZONES });
  assert.equal(differences, 0, output);
  context.diagnostic(output);
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
