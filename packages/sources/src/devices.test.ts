import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CUSTOM, DEVICE_ROWS } from './device-rows.js';
import { receive, sourcesOf } from './receipts.fixture.js';

describe('what real devices send', () => {
  for (const { source, topic, payload, seen = [], fate, rejections = [], events } of DEVICE_ROWS) {
    const shown = Buffer.isBuffer(payload) ? payload.toString('hex') : JSON.stringify(payload);
    test(`the source ${source} reads ${shown.slice(0, 90)} on ${topic} rightly`, () => {
      const result = receive(sourcesOf(CUSTOM[source] ?? source), topic, payload);
      assert.deepEqual(result.seen, seen);
      assert.deepEqual(result.rejections, rejections);
      assert.equal(result.fate, fate ?? 'observations');
      if (events !== undefined) assert.deepEqual(result.events, events);
    });
  }
});
