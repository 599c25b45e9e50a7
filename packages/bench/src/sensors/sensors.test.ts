import { test } from 'node:test';
import { smoke, withoutProc } from '../smoke.fixture.js';

test('sensors with one publish in flight still run, small', { skip: withoutProc }, async () => {
  await smoke('sensors', '--peers', 'humtemp');
});
