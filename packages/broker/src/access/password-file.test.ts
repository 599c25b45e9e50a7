import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FileProblem } from '@humtemp/watched-files';
import fc from 'fast-check';
import { parsePasswordFile, usernameProblem, withAccount, withoutAccount } from './password-file.js';
import { hashPassword, parsePasswordHash, verifyPassword } from './password-hash.js';

const HASH = `$7$101$${'A'.repeat(16)}$${'B'.repeat(84)}BA==`;
const hash = parsePasswordHash(HASH)!;
const usernames = (content: string) => [...parsePasswordFile(content, 'accounts').keys()];

describe('parsePasswordFile', () => {
  test('reads accounts between comments, blank lines and spaces', () => {
    const content = `# sensors: all of them\n\nanna:${HASH}\r\n  bert : ${HASH} \n \t\nlab/1:${HASH}`;
    assert.deepEqual(usernames(content), ['anna', 'bert', 'lab/1']);
    assert.deepEqual(usernames(''), []);
  });

  test('says which line is wrong, and what was expected', () => {
    const hashExpected =
      '$7$iterations$salt$hash or $6$salt$hash behind the username, as mosquitto_passwd writes it';
    for (const [line, expected] of [
      ['anna', 'username:hash'],
      [' # no comment', 'username:hash'],
      [`:${HASH}`, 'a username of at least one character'],
      [`an\tna:${HASH}`, 'a username without control characters'],
      [`first:${HASH}`, 'each username once; first has a line above'],
      ['anna:', hashExpected],
      ['anna:secret', hashExpected],
      [`anna:${HASH}:more`, hashExpected],
      [`anna:${HASH.slice(0, -1)}`, hashExpected],
      [`anna:${HASH.replace('$7', '$8')}`, hashExpected],
      [`anna:${HASH.replace('$7', '$6')}`, hashExpected],
      [`anna:${HASH.replace('101', '0')}`, hashExpected],
      [`anna:${HASH.replace('101', '1000001')}`, hashExpected],
      [`anna:${HASH.replace('101', '1e3')}`, hashExpected],
      [`anna:${HASH.replace('A'.repeat(16), 'A'.repeat(8))}`, hashExpected],
      [`anna:${HASH.replace('A'.repeat(16), 'A'.repeat(88))}`, hashExpected],
      [
        'anna:$argon2id$v=19$m=65536,t=3,p=4$AAAA$BBBB',
        `${hashExpected}, not a hash of Argon2id; mosquitto_passwd -H sha512-pbkdf2 writes that`,
      ],
      [`an\ufffdna:${HASH}`, undefined],
      [`an\0na:${HASH}`, undefined],
    ] as const)
      assert.throws(
        () => parsePasswordFile(`first:${HASH}\n\n${line}\n`, 'accounts'),
        (error) => {
          assert.ok(error instanceof FileProblem);
          assert.equal(
            error.message,
            `accounts, line 3: expected ${expected ?? 'UTF-8 without NUL'}`,
            JSON.stringify(line),
          );
          return true;
        },
      );
  });

  test('never fails in another way', () => {
    const piece = fc.constantFrom('anna', ':', '\n', '$7$', '$6$', '101', HASH, '#', ' ', '\0');
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(piece)), (input) => {
        try {
          parsePasswordFile(typeof input === 'string' ? input : input.join(''), 'accounts');
        } catch (error) {
          assert.ok(error instanceof FileProblem, String(error));
        }
      }),
    );
  });
});

describe('withAccount and withoutAccount', () => {
  const content = `# sensors\n\nanna:${HASH}\r\n bert: ${HASH}\n#anna:old`;
  const other = parsePasswordHash(HASH.replace('101', '102'))!;

  test('change one line and keep all others', () => {
    assert.equal(withAccount(content, 'anna', other), content.replace(`anna:${HASH}`, `anna:${other.text}`));
    assert.equal(
      withAccount(content, 'bert', other),
      content.replace(` bert: ${HASH}`, `bert:${other.text}`),
    );
    assert.equal(withAccount(content, 'eve', hash), `${content}\neve:${HASH}\n`);
    assert.equal(withAccount(`${content}\n`, 'eve', hash), `${content}\neve:${HASH}\n`);
    assert.equal(withAccount('', 'eve', hash), `eve:${HASH}\n`);
    assert.equal(withoutAccount(content, 'anna'), `# sensors\n\n bert: ${HASH}\n#anna:old`);
    assert.equal(withoutAccount(content, 'eve'), content);
  });

  test('what was written is read', () => {
    const username = fc
      .oneof(fc.string({ unit: 'grapheme', minLength: 1 }), fc.constantFrom('a', 'b', 'lab/1', '$7$'))
      .filter((name) => usernameProblem(name) === undefined);
    fc.assert(
      fc.property(fc.array(fc.tuple(username, fc.boolean())), (steps) => {
        let text = '# top\n';
        const expected = new Set<string>();
        for (const [name, add] of steps) {
          text = add ? withAccount(text, name, hash) : withoutAccount(text, name);
          if (add) expected.add(name);
          else expected.delete(name);
        }
        assert.deepEqual(usernames(text), [...expected]);
        assert.ok(text.startsWith('# top\n'));
      }),
    );
  });
});

test('usernameProblem refuses what would not be read again', () => {
  for (const bad of [
    '',
    'a:b',
    'a\nb',
    'a\tb',
    '\x7f',
    '#a',
    ' a',
    'a ',
    'a\ud800',
    'a\ufffd',
    'ü'.repeat(32_768),
  ])
    assert.notEqual(usernameProblem(bad), undefined, JSON.stringify(bad.slice(0, 10)));
  for (const good of ['a', 'a b', 'a#', 'ü', 'lab/1', '$', '\u00a0', 'a'.repeat(65_535)])
    assert.equal(usernameProblem(good), undefined, JSON.stringify(good.slice(0, 10)));
});

test('hashPassword makes what parsePasswordHash reads, with another salt each time', async () => {
  const password = Buffer.from('secret');
  const [first, second] = [await hashPassword(password, 101), await hashPassword(password, 101)];
  assert.deepEqual(parsePasswordHash(first.text), first);
  assert.notEqual(first.text, second.text);
});

test('salts of 8 to 64 bytes are read, and the password matches', async () => {
  // Of the password "secret". Mosquitto 2.1 writes salts of 64 bytes.
  for (const text of [
    '$7$1000$AAECAwQFBgc=$vvfbHLGPWzQWYKbY5ghu19p/xOrTK7WuvAQ3Khdm0K+M8QpIQaZhMF92kYp6OdlLsmOR5KutRAjDqcK8Um+M/g==',
    '$7$1000$AAECAwQFBgcICQoL$4wTcmyeXKbX+eU8mRAv8RuY7FkPT5YqwsG6AZlmHKNwWPzuBfjOpFNbp6eDXGOQ94FxpOi30RqAptC1OfHP0KA==',
    '$7$1000$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==$j5aX3DstWRgO5cjjfvKvsf7Z/KK812T4wGDMih+DCHQg8P7++fmj4sZcMp1smkEafZL0QZ29tE5ezahL/nyffw==',
  ]) {
    const hash = parsePasswordHash(text);
    assert.ok(hash !== undefined, text);
    assert.equal(await verifyPassword(Buffer.from('secret'), hash), true);
    assert.equal(await verifyPassword(Buffer.from('Secret'), hash), false);
  }
});
