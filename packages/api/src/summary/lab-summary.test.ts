import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABSENT, addObservation, emptyAggregate } from '@humtemp/bucket-core';
import { labSummary } from './lab-summary.js';

test('averages are the correctly rounded quotients, and null where there is nothing', () => {
  const aggregate = emptyAggregate();
  for (let i = 0; i < 10; i++) addObservation(aggregate, i, (i + 1) * 1000, (i + 11) * 1000);
  assert.deepEqual(labSummary('lab01', aggregate), { lab_id: 'lab01', avg_temp: 5.5, avg_humidity: 15.5 });
  const withoutTemp = emptyAggregate();
  addObservation(withoutTemp, 0, ABSENT, 5);
  assert.equal(labSummary('x', withoutTemp).avg_temp, null);
});
