import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultDataFolder } from './data-folder.js';

const nothing = { home: '/home/anna', exists: () => false };

test('buckets lie in the state folder of the user', () => {
  assert.equal(defaultDataFolder({}, nothing), '/home/anna/.local/state/humtemp');
  assert.equal(defaultDataFolder({ XDG_STATE_HOME: '/var/state' }, nothing), '/var/state/humtemp');
});

test('a state folder that is not absolute is ignored, as the specification says', () => {
  assert.equal(defaultDataFolder({ XDG_STATE_HOME: 'state' }, nothing), '/home/anna/.local/state/humtemp');
});

test('a data folder of an earlier version stays where it is', () => {
  const former = { ...nothing, exists: (path: string) => path === './humtemp-data' };
  assert.equal(defaultDataFolder({}, former), './humtemp-data');
});
