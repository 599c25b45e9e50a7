#!/usr/bin/env bash
# lmdb 3.5.6 takes the keys 'a' and ['a'] for one.
# Keys may be texts or arrays, and an array of two parts is a key of its own. An array of one part is stored like the bare
# part, and its key is read back as a text. Composite keys of changing length, such as [lab, ...rest], meet each other.
# For humtemp: its embedded store has files of its own and no keys of this kind.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund lmdb@3.5.6
cat >run.mjs <<'JS'
import assert from 'node:assert/strict';
import { open } from 'lmdb';

const database = open({ path: './data' });
await database.put('lab-1', 'text');
await database.put(['lab-1'], 'array');
await database.put(['lab-1', 5], 'array of two');
const keys = [...database.getKeys()];
console.log(`keys ${JSON.stringify(keys)}; get('lab-1') = ${database.get('lab-1')}`);
assert.deepEqual(keys, ['lab-1', ['lab-1', 5]]);
assert.equal(database.get('lab-1'), 'array');
await database.close();
JS
node run.mjs
