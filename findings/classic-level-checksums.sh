#!/usr/bin/env bash
# classic-level 3.0.0 (LevelDB) returns a value whose byte has changed on the disk, without an error.
# LevelDB keeps a CRC-32C of each block, but checks it on reads only with verify_checksums or paranoid_checks
# (include/leveldb/options.h). The binding offers neither, and a closed and reopened database answers with the wrong value.
# For humtemp: the embedded store has files of its own, in which each block is checked when it is read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts classic-level@3.0.0
cat >run.mjs <<'JS'
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { ClassicLevel } from 'classic-level';

const options = { keyEncoding: 'utf8', valueEncoding: 'utf8', compression: false };
const first = new ClassicLevel('data', options);
for (let i = 0; i < 1000; i++) await first.put(`key-${i}`, `value-${i}-`.padEnd(40, 'x'));
await first.compactRange('key', 'kez');
await first.close();

const table = readdirSync('data').find((name) => name.endsWith('.ldb'));
const bytes = readFileSync(`data/${table}`);
bytes[bytes.indexOf('value-500-') + 'value-'.length] ^= 1;
writeFileSync(`data/${table}`, bytes);

const again = new ClassicLevel('data', options);
const value = await again.get('key-500');
let entries = 0;
for await (const [key] of again.iterator()) entries += key.length > 0 ? 1 : 0;
await again.close();
console.log('classic-level 3.0.0, expected: an error for key-500; seen:', value, `and ${entries} entries`);
assert.match(value, /^value-400-x+$/);
assert.equal(entries, 1000);
JS
node run.mjs
