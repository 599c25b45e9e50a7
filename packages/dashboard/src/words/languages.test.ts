import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LANGUAGES } from './languages.js';

/** Every text with its path; of those that are made by a function, what that makes of some arguments. */
function textsOf(words: object, path = ''): [path: string, text: string][] {
  return Object.entries(words).flatMap(([name, value]): [string, string][] => {
    const where = `${path}${name}`;
    if (typeof value === 'string') return [[where, value]];
    if (typeof value === 'function') return [[where, String(value('7', '8', '9', '10'))]];
    return textsOf(value as object, `${where}.`);
  });
}

test('every language has the same texts, and none is empty', () => {
  const english = textsOf(LANGUAGES.en.words);
  assert.ok(english.length > 150);
  for (const { name, words } of Object.values(LANGUAGES)) {
    const texts = textsOf(words);
    assert.deepEqual(texts.map(([path]) => path).sort(), english.map(([path]) => path).sort(), name);
    assert.deepEqual(
      texts.filter(([, text]) => text.trim() === '' || text.includes('undefined')),
      [],
      name,
    );
  }
});

test('German is German', () => {
  const english = new Map(textsOf(LANGUAGES.en.words));
  const same = textsOf(LANGUAGES.de.words).filter(
    ([path, text]) => text === english.get(path) && path !== 'hours.cell' && text.split(' ').length > 2,
  );
  assert.deepEqual(same, []);
});
