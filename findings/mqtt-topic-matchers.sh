#!/usr/bin/env bash
# Four npm libraries that match MQTT topics, and what MQTT says.
# All four let a filter that begins with a wildcard match $SYS topics [MQTT-4.7.2-1: must not]. mqtt-pattern and mqtt-regex
# do not let + match an empty level (4.7.1.3: it does). mqtt-regex lets labs/1/# match labs/12: another lab's topic.
# For humtemp: topics are matched by its own grammar, tested against these rules.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mqtt-pattern@2.1.1 mqtt-match@3.0.0 mqtt-wildcard@3.0.9 mqtt-regex@1.1.0
cat >run.mjs <<'JS'
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const use = (name) => require(name).default ?? require(name);
const pattern = use('mqtt-pattern');
const match = use('mqtt-match');
const wildcard = use('mqtt-wildcard');
const regex = use('mqtt-regex');
const matchers = {
  'mqtt-pattern': (filter, topic) => pattern.matches(filter, topic),
  'mqtt-match': (filter, topic) => match(filter, topic),
  'mqtt-wildcard': (filter, topic) => wildcard(topic, filter) !== null,
  // Its wildcards carry names.
  'mqtt-regex': (filter, topic) => Boolean(regex(filter.replaceAll('+', '+one').replace('#', '#rest')).exec(topic)),
};
const cases = [
  ['#', '$SYS/broker/uptime', false],
  ['labs/+/observation', 'labs//observation', true],
  ['labs/1/#', 'labs/12', false],
  ['labs/1/#', 'labs/1', true],
  ['labs/+', 'labs/a/b', false],
];
const wrong = {};
for (const [name, matches] of Object.entries(matchers)) {
  wrong[name] = cases.filter(([filter, topic, right]) => matches(filter, topic) !== right).map(([f, t]) => `${f} ~ ${t}`);
  console.log(`${name} is wrong about: ${wrong[name].join('; ')}`);
}
const system = '# ~ $SYS/broker/uptime';
const empty = 'labs/+/observation ~ labs//observation';
assert.deepEqual(wrong, {
  'mqtt-pattern': [system, empty],
  'mqtt-match': [system],
  'mqtt-wildcard': [system],
  'mqtt-regex': [system, empty, 'labs/1/# ~ labs/12'],
});
JS
node run.mjs
