#!/usr/bin/env bash
# Two npm libraries for the dew point disagree by 1 K below freezing, and one jumps at 0 °C.
# Humidity sensors report relative humidity over liquid water, also below 0 °C (the meteorological convention).
# psychrolib 1.1.1 answers with the frost point whenever the result is below 0 °C; dewpoint 1.0.0 changes its formula with
# the air's temperature: cooling from 0.1 to -0.1 °C at 50 % raises its dew point by 0.85 K. A rule on the dew point of a cold room
# then fires by itself. psychrolib's humidity is a fraction, and dewpoint's "absolute humidity" is g per kg, not g per m³.
# For humtemp: dew point over water by the Magnus formula at all temperatures, labelled as computed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund dewpoint@1.0.0 psychrolib@1.1.1
cat >run.mjs <<'JS'
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const DewPoint = require('dewpoint');
const psychrolib = require('psychrolib');
psychrolib.SetUnitSystem(psychrolib.SI);
const round = (value) => Math.round(value * 100) / 100;
/** Over water: Sonntag's constants, as the WMO guide to instruments gives them. */
const overWater = (t, rh) => {
  const gamma = Math.log(rh / 100) + (17.62 * t) / (243.12 + t);
  return (243.12 * gamma) / (17.62 - gamma);
};
const seen = [
  [20, 50],
  [0.1, 50],
  [-0.1, 50],
  [-20, 60],
].map(([t, rh]) => ({
  air: `${t} °C, ${rh} %`,
  'over water': round(overWater(t, rh)),
  dewpoint: round(new DewPoint(0).Calc(t, rh).dp),
  psychrolib: round(psychrolib.GetTDewPointFromRelHum(t, rh / 100)),
}));
console.table(seen);
assert.deepEqual(seen.map((row) => [row['over water'], row.dewpoint, row.psychrolib]), [
  [9.26, 9.26, 9.27],
  [-9.11, -9.11, -8.08],
  [-9.29, -8.26, -8.26],
  [-25.78, -25.21, -25.21],
]);
JS
node run.mjs
