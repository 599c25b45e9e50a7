import { test } from 'node:test';
import { smoke, withoutProc } from '../smoke.fixture.js';

test('attacks still run, small, and end neither the process nor the connection of a sensor', {
  skip: withoutProc,
}, async () => {
  await smoke('attacks', '--peers', 'http-unread,mqtt-qos2');
});
