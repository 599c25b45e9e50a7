import assert from 'node:assert/strict';
import { test } from 'node:test';
import { absoluteHumidity, dewPoint } from './moist-air.js';

test('dew point and absolute humidity agree with tables of moist air', () => {
  // Saturated air: the dew point is the temperature. 17.3 g/m³ at 20 °C, 4.85 g/m³ at 0 °C.
  for (const temp of [-20, 0, 20, 40]) assert.ok(Math.abs(dewPoint(temp, 100)! - temp) < 1e-9);
  assert.ok(Math.abs(dewPoint(20, 50)! - 9.3) < 0.05);
  assert.ok(Math.abs(dewPoint(25, 60)! - 16.7) < 0.05);
  assert.ok(Math.abs(absoluteHumidity(20, 100) - 17.3) < 0.1);
  assert.ok(Math.abs(absoluteHumidity(0, 100) - 4.85) < 0.05);
  assert.equal(dewPoint(20, 0), undefined);
});
