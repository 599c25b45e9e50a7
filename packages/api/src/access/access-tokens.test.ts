import assert from 'node:assert/strict';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { FileProblem } from '@humtemp/watched-files';
import { openTokens, tokenLines } from './access.fixture.js';
import { AccessTokens } from './access-tokens.js';

/** Looks happen only where the test looks. */
const NEVER = { lookEveryMs: 1_000_000 };

test('a change counts once it was there at two looks, however it was written', async (t) => {
  const { tokens, file, replace, errors } = await openTokens(t, tokenLines({ anna: {} }), NEVER);
  const anna = tokens.scopeOf('anna-secret')!;
  await replace(tokenLines({ bert: {} }));
  await tokens.look();
  assert.ok(tokens.scopeOf('anna-secret') !== undefined && anna.isCurrent());
  await tokens.look();
  assert.equal(tokens.scopeOf('anna-secret'), undefined);
  assert.ok(!anna.isCurrent());
  assert.equal(tokens.scopeOf('bert-secret')?.name, 'bert');

  await writeFile(file, tokenLines({ carl: { labs: 'hall' } }));
  await tokens.look();
  await tokens.look();
  const carl = tokens.scopeOf('carl-secret')!;
  assert.deepEqual(carl.labs, ['hall']);
  // The same token with other rights is another.
  await replace(tokenLines({ carl: {} }));
  await tokens.reload();
  assert.ok(!carl.isCurrent() && tokens.scopeOf('carl-secret')!.isAll);
  assert.deepEqual(errors, []);
});

test('a file that is half written, broken or gone leaves what was there, and says so once', async (t) => {
  const content = tokenLines({ anna: {}, bert: { labs: 'hall' } });
  const { tokens, file, errors, replace } = await openTokens(t, content, NEVER);
  const look = async () => {
    for (let i = 0; i < 4; i++) await tokens.look();
  };
  // Cut where each line would be a good one.
  await truncate(file, content.indexOf(' labs='));
  await look();
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /tokens, line 2: expected a line break/);
  assert.deepEqual(tokens.scopeOf('bert-secret')?.labs, ['hall']);
  await rm(file);
  await look();
  assert.equal(errors.length, 2);
  assert.match(errors[1]!, /there is no such file/);
  assert.ok(tokens.scopeOf('anna-secret'));
  await replace('# nobody\n');
  await look();
  assert.equal(tokens.scopeOf('anna-secret'), undefined);
  assert.equal(errors.length, 2);
});

test('it looks by itself', async (t) => {
  let reloads = 0;
  const { tokens, replace } = await openTokens(t, tokenLines({ anna: {} }), {
    lookEveryMs: 5,
    onReload: () => void reloads++,
  });
  await replace(tokenLines({ bert: {} }));
  while (tokens.scopeOf('bert-secret') === undefined) await delay(5);
  assert.equal(reloads, 1);
});

test('a file that is not good at the start is an error', async (t) => {
  const { file } = await openTokens(t, '');
  await assert.rejects(AccessTokens.open({ file: `${file}.none` }), FileProblem);
  await writeFile(file, 'anna\n');
  await assert.rejects(AccessTokens.open({ file }), /tokens, line 1: expected the SHA-256/);
});
