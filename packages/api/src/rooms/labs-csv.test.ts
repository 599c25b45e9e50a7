import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '@humtemp/test-services';
import { labDirectoryOf } from './labs-csv.js';
import { LabsFile } from './labs-file.js';

const HEAD = 'lab_id,name,group,temp_min,temp_max,humidity_min,humidity_max,expected_interval,time_zone';
const directoryOf = (content: string) => labDirectoryOf(content, 'labs.csv');

test('a lab has what its line says, and else what the longest pattern says that it matches', async () => {
  const directory = await directoryOf(
    `${HEAD}\n*,,,15,30,,,30s,UTC\nfloor-2/*,,Second floor,18,24,,60,,Europe/Berlin\nfloor-2/7,"Incubator, left",,36.5,37.5,,,5m,\n`,
  );
  assert.deepEqual(directory.of('floor-2/7'), {
    name: 'Incubator, left',
    group: 'Second floor',
    temp: { min: 36_500, max: 37_500 },
    humidity: { min: Number.NEGATIVE_INFINITY, max: 60_000 },
    expectedIntervalS: 300,
    timeZone: 'Europe/Berlin',
  });
  assert.deepEqual(directory.of('hall').temp, { min: 15_000, max: 30_000 });
  assert.equal(directory.of('floor-2/8').group, 'Second floor');
  assert.deepEqual(directory.listed, ['floor-2/7']);
});

test('a spreadsheet may put a byte order mark in front, semicolons between, decimal commas and CRLF', async () => {
  const directory = await directoryOf(
    '\ufefflab_id;temp_max;name;temp_min\r\nhall;25,5;Küche;-20,25\r\n\r\nlab;30;;\r\n',
  );
  assert.deepEqual(directory.of('hall').temp, { min: -20_250, max: 25_500 });
  assert.equal(directory.of('hall').name, 'Küche');
  assert.deepEqual(directory.of('lab').temp, { min: Number.NEGATIVE_INFINITY, max: 30_000 });
});

test('what is wrong is said with its line', async () => {
  for (const [content, expected] of [
    ['', /labs\.csv: expected a first line lab_id/],
    ['lab_id,colour\na,b\n', /line 1: expected columns of lab_id.*"colour"/],
    ['lab_id,lab_id\na,b\n', /line 1: expected each column once/],
    ['name\nx\n', /line 1: expected a column lab_id/],
    ['lab_id,name\na,x\nb\n', /line 3: expected 2 cells/],
    ['lab_id,name\na,x\na,y\n', /line 3: expected each lab_id once; a is in line 2/],
    ['lab_id\na b\n', /line 2: expected a lab_id/],
    ['lab_id\na*b\n', /line 2: expected a lab_id/],
    ['lab_id,temp_min,temp_max\na,25,20\n', /line 2: expected temp_min to be at most temp_max/],
    ['lab_id,temp_min\na,warm\n', /line 2: expected temp_min to be a number/],
    ['lab_id,temp_min\na,1e3\n', /line 2: expected temp_min/],
    ['lab_id,temp_min\na,"20,5"\n', /line 2: expected temp_min/],
    ['lab_id,humidity_max\na,101\n', /line 2: expected humidity_max to be a number from 0 to 100/],
    ['lab_id,expected_interval\na,0\n', /line 2: expected expected_interval/],
    ['lab_id,time_zone\na,Europe/Atlantis\n', /line 2: expected time_zone/],
    ['lab_id,time_zone\na,+02:00\n', /line 2: expected time_zone/],
    ['lab_id,name\na,"=HYPERLINK(""http://x"")"\n', /line 2: expected a name, not a formula/],
    ['lab_id,name\na,-1+cmd|x\n', /line 2: expected a name, not a formula/],
    ['lab_id,name\na,"open\n', /Quote/],
    ['lab_id,temp_max\na,20', /line 2: expected a line break at the end/],
    [
      `lab_id\n${Array.from({ length: 100_001 }, (_, i) => `l${i}`).join('\n')}\n`,
      /line 100002: expected at most/,
    ],
  ] as const)
    await assert.rejects(labDirectoryOf(content, 'labs.csv'), expected, content.slice(0, 60));
  assert.equal((await directoryOf('lab_id,name\na,-80 freezer\n')).of('a').name, '-80 freezer');
});

test('a hundred thousand labs are read, and nothing else waits for long', async () => {
  const lines = Array.from({ length: 100_000 }, (_, i) => `lab-${(i * 7919) % 100_000},20,25,Europe/Berlin`);
  let [turns, lastMs, longestMs] = [0, performance.now(), 0];
  const look = setInterval(() => {
    turns += 1;
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
  }, 1);
  const directory = await directoryOf(`lab_id,temp_min,temp_max,time_zone\n${lines.join('\n')}\n`);
  clearInterval(look);
  // Times are of the machine; that there are many turns is not.
  assert.ok(turns > 30, `${turns} turns, the longest ${longestMs} ms`);
  assert.equal(directory.listed.length, 100_000);
  assert.deepEqual(directory.listed, directory.listed.toSorted());
  assert.deepEqual(directory.of('lab-99999').temp, { min: 20_000, max: 25_000 });
});

test('the file is read again when it changes, and one that is wrong changes nothing', async (t) => {
  const folder = await temporaryFolder('labs-file');
  t.after(() => folder.remove());
  const file = join(folder.path, 'labs.csv');
  await writeFile(file, 'lab_id,name\na,one\n');
  const errors: string[] = [];
  const labs = await LabsFile.open({ file, onError: ({ message }) => void errors.push(message) });
  t.after(() => labs.close());
  const changed = async (content: string) => {
    await writeFile(file, content);
    await labs.look();
    await labs.look();
  };
  await changed('lab_id,name\na,two\n');
  assert.equal(labs.current.of('a').name, 'two');
  await changed('lab_id,name\na,thr');
  assert.equal(labs.current.of('a').name, 'two');
  assert.match(errors.join(), /line break at the end/);
  await assert.rejects(LabsFile.open({ file: join(folder.path, 'none') }), /no such file/);
});
