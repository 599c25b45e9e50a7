import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CsvForm } from './csv-form.js';
import { type CsvRow, csvRows } from './csv-rows.js';

let files = 0;

async function read(content: string, form: CsvForm = {}): Promise<CsvRow[]> {
  const file = join(tmpdir(), `humtemp-csv-rows-${process.pid}-${files++}.csv`);
  await writeFile(file, content);
  try {
    const rows: CsvRow[] = [];
    for await (const row of csvRows(file, form)) rows.push(row);
    return rows;
  } finally {
    await rm(file);
  }
}

function refused(content: string, message: RegExp, form: CsvForm = {}): Promise<void> {
  return assert.rejects(read(content, form), { name: 'StartError', message });
}

const HEADER = 'lab_id,timestamp,temp,humidity\n';

test('numbers leave as they were written, whatever order the columns have', async () => {
  const rows = await read('humidity,note,temp,lab_id,timestamp\n48.20,x,22.30,a/1,1163438041\n');
  assert.deepEqual(rows, [
    {
      line: 2,
      lab: 'a/1',
      timestampMs: 1163438041000,
      timestamp: '1163438041',
      temp: '22.30',
      humidity: '48.20',
    },
  ]);
});

test('timestamps are Unix seconds, whole or not, or RFC 3339', async () => {
  const rows = await read(`${HEADER}a,1.25,1,2\na,2026-09-21T14:13:20+02:00,1,2\n`);
  assert.deepEqual(
    rows.map((row) => [row.timestampMs, row.timestamp]),
    [
      [1250, '1.25'],
      [Date.UTC(2026, 8, 21, 12, 13, 20), '"2026-09-21T14:13:20+02:00"'],
    ],
  );
});

test('numbers that JSON spells differently keep their value', async () => {
  const rows = await read(`${HEADER}a,1,+7,.5\na,1,007.5,5.\na,1,-0.0,1e1\n`);
  assert.deepEqual(
    rows.map((row) => [row.temp, row.humidity]),
    [
      ['7', '0.5'],
      ['7.5', '5'],
      ['-0.0', '1e1'],
    ],
  );
});

test('byte order mark, CRLF, quotes, blanks and empty lines do no harm', async () => {
  const rows = await read('\uFEFFlab_id, timestamp,temp,humidity\r\n"a" ,1, 20.5,40\r\n\r\nb,2,21,41\r\n');
  assert.deepEqual(
    rows.map((row) => [row.line, row.lab, row.temp]),
    [
      [2, 'a', '20.5'],
      [4, 'b', '21'],
    ],
  );
});

test('one of temp and humidity may be empty', async () => {
  const [row] = await read(`${HEADER}a,1,,40\n`);
  assert.deepEqual([row?.temp, row?.humidity], [undefined, '40']);
  await refused(`${HEADER}a,1,,\n`, /line 2: temp: expected a number here or in humidity, found ""/);
});

test('a bad row is named by its line, its column and what was expected', async () => {
  await refused(
    `${HEADER}a,1,20,40\na,1,20,50\na,1,x,40\n`,
    /line 4: temp: expected a number such as 21.53, found "x"/,
  );
  await refused(`${HEADER}a,1,20,1e400\n`, /line 2: humidity: expected a number/);
  await refused(`${HEADER}a,1,0x10,40\n`, /line 2: temp: expected a number/);
  await refused(`${HEADER}a,1,23,5,50\n`, /line 2: expected 4 cells as in the header, found 5/);
  await refused(`${HEADER}a,1,20\n`, /line 2: humidity: .*the row ends before it/);
  await refused(
    `${HEADER}a,yesterday,20,40\n`,
    /line 2: timestamp: expected Unix seconds .* found "yesterday"/,
  );
  await refused(`${HEADER}a,1790000000000000,20,40\n`, /line 2: timestamp: expected Unix seconds/);
  await refused(`${HEADER}a+,1,20,40\n`, /line 2: lab_id: expected 1 to 200 characters/);
  await refused(`${HEADER}"a,1,20,40\n`, /Quote/);
});

test('a file without the header, or without anything, is refused', async () => {
  await refused('a,1,20,40\n', /line 1: expected a header with the columns lab_id,timestamp,temp,humidity/);
  await refused('lab_id,timestamp,temp\n', /but humidity is missing/);
  await refused('', /is empty; expected the header/);
});

test('a file that is not there is named', async () => {
  const nothing = async (): Promise<void> => {
    for await (const _ of csvRows('/nowhere/rows.csv')) assert.fail('a row of nothing');
  };
  await assert.rejects(nothing, { message: 'cannot read /nowhere/rows.csv: there is no such file' });
});

const short = (rows: readonly CsvRow[]) =>
  rows.map(({ lab, timestampMs, temp, humidity }) => [lab, timestampMs, temp, humidity]);

test('semicolons, decimal commas, milliseconds and other names of columns are read', async () => {
  const content = 'Raum;Zeit;T;H\nKüche;1790000000123;21,5;40\nb;2026-09-21 14:13:20+00:00;-1,25;\n';
  const columns = { lab_id: 'Raum', timestamp: 'Zeit', temp: 'T', humidity: 'H' };
  const rows = await read(content, { columns });
  assert.deepEqual(short(rows), [
    ['K.C3.BCche', 1_790_000_000_123, '21.5', '40'],
    ['b', 1_790_000_000_000, '-1.25', undefined],
  ]);
  assert.deepEqual(
    rows.map(({ timestamp }) => timestamp),
    ['1790000000.123', '"2026-09-21 14:13:20+00:00"'],
  );
  const fahrenheit = await read('time\ttemp\n1790000000000000000\t68\n', {
    columns: { temp: 'temp' },
    lab: 'cellar',
    unit: 'F',
    timeUnit: 'ns',
  });
  assert.deepEqual(short(fahrenheit), [['cellar', 1_790_000_000_000, '20', undefined]]);
  await refused(content, /line 1: there is no column Ort; there are Raum, Zeit/, {
    columns: { lab_id: 'Ort' },
  });
  await refused('time,temperature,humidity\n', /but lab_id is missing: --columns lab_id=NAME.*--lab NAME/);
  await refused('lab_id;timestamp;temp;humidity\na;1;2,5,1;3\n', /line 2: temp: expected a number/);
});

test("exports of Home Assistant's history and of InfluxDB are read, and what is something else is left out", async () => {
  const history =
    'entity_id,state,last_changed\nsensor.cold_room_temperature,70.7,2026-09-21T14:13:20.000Z\n' +
    'sensor.cold_room_humidity,unavailable,2026-09-21T14:13:20.000Z\nsensor.cold_room_humidity,40,2026-09-21T14:13:21.000Z\n' +
    'light.hall,on,2026-09-21T14:13:20.000Z\n';
  assert.deepEqual(short(await read(history, { unit: 'F' })), [
    ['cold_room', 1_790_000_000_000, '21.5', undefined],
    ['cold_room', 1_790_000_001_000, undefined, '40'],
  ]);
  await refused(history, /does not say the unit of temperatures: --unit C or --unit F/);
  const influx =
    '#datatype,string,long,dateTime:RFC3339,double,string,string\n#group,false\n#default,_result\n' +
    ',result,table,_time,_value,_field,room\n,,0,2026-09-21T14:13:20Z,21.5,temperature,a\n\n' +
    '#datatype,string\n,result,table,room,_time,_value,_field\n,,1,b,2026-09-21T14:13:20Z,40,humidity\n' +
    ',,1,b,2026-09-21T14:13:20Z,3.1,voltage\n';
  assert.deepEqual(short(await read(influx)), [
    ['a', 1_790_000_000_000, '21.5', undefined],
    ['b', 1_790_000_000_000, undefined, '40'],
  ]);
});
