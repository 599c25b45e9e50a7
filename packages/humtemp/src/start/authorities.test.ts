import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCertificate, temporaryFolder } from '@humtemp/test-services';
import { pino } from 'pino';
import { authoritiesIn } from './authorities.js';

test('authorities are read again at each connection, and stay as they were while the file is wrong or gone', async (t) => {
  const folder = await temporaryFolder('authorities');
  t.after(() => folder.remove());
  const file = join(folder.path, 'ca.pem');
  const [one, other] = [await makeCertificate('one'), await makeCertificate('other')];
  await writeFile(file, one.ca);
  const log: string[] = [];
  const authorities = authoritiesIn(file, pino({}, { write: (line) => void log.push(line) }));
  assert.equal(authorities().toString(), one.ca);
  await writeFile(file, 'half of a fi');
  assert.equal(authorities().toString(), one.ca);
  await rm(file);
  assert.equal(authorities().toString(), one.ca);
  assert.equal(log.length, 2);
  await writeFile(file, other.ca);
  assert.equal(authorities().toString(), other.ca);
});
