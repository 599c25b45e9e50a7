import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileProblem } from '@humtemp/watched-files';
import { EVERY_LAB, LabFilter } from './lab-filter.js';
import { parseTokenFile, tokenDigest, withoutToken, withToken } from './token-file.js';

const FOR_EVER = { mayWrite: false, labs: EVERY_LAB, expiresMs: Number.POSITIVE_INFINITY };

test('a token that was added is read as it was meant, and all other lines stay', () => {
  const expiresMs = Date.UTC(2027, 0, 1);
  let content = '# dashboards\n\n# no line break here';
  content = withToken(content, 'wall', 'secret-1', FOR_EVER);
  const labs = LabFilter.parse('library-20,floor-2/*')!;
  const before = content;
  content = withToken(content, 'gateway@2', 'secret-2', { mayWrite: true, labs, expiresMs });
  const entries = parseTokenFile(content, 'tokens');
  assert.deepEqual(
    entries.map(({ name, digest, mayWrite, labs, expiresMs }) => [
      name,
      digest.equals(tokenDigest('secret-1')) || digest.equals(tokenDigest('secret-2')),
      mayWrite,
      String(labs),
      expiresMs,
    ]),
    [
      ['wall', true, false, '*', Number.POSITIVE_INFINITY],
      ['gateway@2', true, true, 'floor-2/*,library-20', expiresMs],
    ],
  );
  assert.ok(content.startsWith('# dashboards\n\n# no line break here\nwall '));
  assert.ok(!content.includes('secret'));
  assert.equal(withoutToken(content, 'gateway@2'), before);
  assert.deepEqual(parseTokenFile('', 'tokens'), []);
});

test('what is wrong with a line is said with its number, and half a line is not a line', () => {
  const hash = tokenDigest('secret').toString('hex');
  for (const [content, message] of [
    [`anna ${hash}`, /^tokens, line 1: expected a line break at the end$/],
    [
      `# one\nanna ${hash} labs=floor-2/*\nbert ${hash.replace('f', '0')} labs=floor`,
      /^tokens, line 3: expected a line break/,
    ],
    [`an/na ${hash}\n`, /line 1: expected a name of 1 to 64 characters/],
    [`anna ${hash.slice(1)}\n`, /line 1: expected the SHA-256 of the token/],
    ['anna\n', /line 1: expected the SHA-256 of the token/],
    [`anna ${hash} admin\n`, /line 1: expected write, labs=… or expires=…, each once, not "admin"/],
    [`anna ${hash} write write\n`, /each once, not "write"/],
    [`anna ${hash} labs=a labs=b\n`, /each once, not "labs=b"/],
    [`anna ${hash} labs=\n`, /line 1: expected lab ids and prefixes/],
    [`anna ${hash} labs=a*b\n`, /line 1: expected lab ids and prefixes/],
    [`anna ${hash} labs=a, b\n`, /line 1: expected lab ids and prefixes/],
    [`anna ${hash} expires=tomorrow\n`, /line 1: expected a time such as/],
    [
      `anna ${hash}\n\nanna ${tokenDigest('other').toString('hex')}\n`,
      /line 3: expected each name once; anna/,
    ],
    [`anna ${hash}\nbert ${hash.toUpperCase()}\n`, /line 2: expected another token than anna has/],
  ] as const)
    assert.throws(
      () => parseTokenFile(content, 'tokens'),
      (error) => error instanceof FileProblem && message.test(error.message),
      content,
    );
});

test('a filter is of ids and prefixes', () => {
  const filter = LabFilter.parse('b,a,floor-2/*,a')!;
  assert.equal(String(filter), 'a,b,floor-2/*');
  const asked = ['a', 'b', 'ab', 'floor-2/', 'floor-2/7', 'floor-2', 'floor-20/7'];
  assert.deepEqual(
    asked.filter((lab) => filter.matches(lab)),
    ['a', 'b', 'floor-2/', 'floor-2/7'],
  );
  assert.ok(EVERY_LAB.isAll && EVERY_LAB.matches('anything'));
  assert.ok(!filter.isAll);
  for (const text of ['', ',', 'a,', '**', '*a', 'a b', 'ü', 'x'.repeat(201)])
    assert.equal(LabFilter.parse(text), undefined, text);
});
