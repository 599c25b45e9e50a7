import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLabId } from './lab-id.js';
import { labIdOfName, nameOfLabId } from './lab-name.js';

test('the id of a lab keeps plain names, and writes every other byte as a dot and two digits', () => {
  const ids: [string, string | undefined][] = [
    ['floor-2/room_7.b', 'floor-2/room_7.b'],
    ['Kitchen sensor', 'Kitchen.20sensor'],
    ['Küche', 'K.C3.BCche'],
    ['A4:C1:38:00:00:01', 'A4.3AC1.3A38.3A00.3A00.3A01'],
    ['app@tenant', 'app.40tenant'],
    ['v1.20', 'v1.2E20'],
    ['a.b', 'a.b'],
    ['.', '.2E'],
    ['..', '.2E.2E'],
    ['...', '...'],
    ['', undefined],
    ['\ud800', undefined],
    ['x'.repeat(201), undefined],
    ['ü'.repeat(34), undefined],
  ];
  for (const [name, id] of ids) assert.equal(labIdOfName(name), id, name);
});

test('the name of a lab comes back from its id, so no two names have one id', () => {
  const name = fc.string({
    unit: fc.constantFrom('.', '2', 'E', 'F', '0', ' ', 'ü', '%', '/', 'a', '😀'),
    maxLength: 12,
  });
  fc.assert(
    fc.property(name, (text) => {
      const id = labIdOfName(text);
      if (id === undefined) return;
      assert.ok(isLabId(id));
      assert.equal(nameOfLabId(id), text);
    }),
    { numRuns: 2000 },
  );
});

test('an id that no name gives is its own name', () => {
  for (const id of ['a.FF', 'a.C3', 'plain', 'a.b']) assert.equal(nameOfLabId(id), id);
});
