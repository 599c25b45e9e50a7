import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isLabId, LAB_ID_PATTERN, labPartition } from '../index.js';

describe('a lab id', () => {
  test('is 1 to 200 harmless characters', () => {
    for (const good of [
      'a',
      'floor-2/room-7',
      '...',
      'a/../b',
      '/',
      '//',
      'A_z.9-',
      'x'.repeat(200),
      '__proto__',
    ])
      assert.equal(isLabId(good), true, good);
    const bad = [
      '',
      '.',
      '..',
      'x'.repeat(201),
      '+',
      '#',
      '$SYS',
      '{a}',
      '}{',
      '*',
      '?',
      '[',
      ':',
      'a\r\nb',
      'a\n',
      '\u202e',
      '🌡',
      ' ',
      'ü',
    ];
    for (const id of bad) assert.equal(isLabId(id), false, JSON.stringify(id));
    assert.ok(LAB_ID_PATTERN.startsWith('^'));
  });

  test('always falls into one of the partitions', () => {
    fc.assert(
      fc.property(fc.string(), (lab) => {
        const partition = labPartition(lab);
        assert.ok(partition >= 0 && partition < 256);
      }),
    );
    // Part of the key layout: a change would orphan what is stored.
    assert.deepEqual(['lab01', 'library-20', 'floor-2/room-7'].map(labPartition), [135, 205, 204]);
  });
});
