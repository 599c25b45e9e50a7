import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { startMosquitto } from '@humtemp/test-services';
import fc from 'fast-check';
import { connectAsync } from 'mqtt';
import { parseAclFile } from './acl-file.js';
import { AclRules } from './acl-rules.js';
import { aclFilterLevels } from './topic-match.js';

const USERS = 40;
const TOPICS = 80;
const OBSERVER = 'observer';

// Few different levels, so that filters and topics meet.
const level = fc.constantFrom('a', 'a', 'b', '', 'ab', '$a', 'u1', '$SYS');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filter = fc
  .array(fc.oneof({ weight: 2, arbitrary: level }, fc.constantFrom('+', '+', '#', '%u')), {
    minLength: 1,
    maxLength: 4,
  })
  .map((levels) => levels.join('/'))
  .filter((text) => text !== '' && aclFilterLevels(text) !== undefined);
const access = fc.constantFrom('', 'write ', 'write ', 'readwrite ', 'read ', 'deny ');
const rule = fc.tuple(access, filter).map((words) => words.join(''));
const rules = fc.array(rule, { minLength: 0, maxLength: 3 });

test('any rules mean the same to AclRules and to Mosquitto', async (t) => {
  const seed = randomInt(2 ** 31);
  t.diagnostic(`seed ${seed}`);
  const topics = fc.sample(
    topic.filter((text) => text !== ''),
    { numRuns: TOPICS, seed },
  );
  const aclFile = [
    `user ${OBSERVER}\ntopic #\ntopic $a/#\ntopic $SYS/#\n`,
    ...fc
      .sample(rules, { numRuns: USERS, seed })
      .map((lines, i) => `user u${i}\n${lines.map((line) => `topic ${line}\n`).join('')}`),
    ...fc.sample(rule, { numRuns: 2, seed }).map((line) => `pattern ${line.replace('#', 'x')}\n`),
  ].join('');

  const mosquitto = await startMosquitto({
    config: 'acl_file {folder}/rules\nmax_queued_messages 100000\nmax_inflight_messages 65535',
    files: { rules: aclFile },
  });
  const allowed = new Set<string>();
  try {
    const connected = (username: string) =>
      connectAsync(mosquitto.url, { username, clientId: username, protocolVersion: 4, reconnectPeriod: 0 });
    const observer = await connected(OBSERVER);
    observer.on('message', (_topic, payload) => allowed.add(payload.toString()));
    await observer.subscribeAsync(['#', '$a/#', '$SYS/#'], { qos: 1 });
    for (let i = 0; i < USERS; i++) {
      const client = await connected(`u${i}`);
      await Promise.all(topics.map((to) => client.publishAsync(to, `u${i} writes ${to}`, { qos: 1 })));
      await client.endAsync();
    }
    const end = new Promise<void>((resolve) => {
      observer.on('message', (_topic, payload) => payload.toString() === 'end' && resolve());
    });
    await observer.publishAsync('end', 'end', { qos: 1 });
    await end;
    await observer.endAsync();
  } finally {
    await mosquitto.close();
  }

  const ours = new AclRules(parseAclFile(aclFile, 'rules'));
  let allowedCount = 0;
  for (let i = 0; i < USERS; i++)
    for (const to of topics) {
      const who = { clientId: `u${i}`, username: `u${i}` };
      const theirs = allowed.has(`u${i} writes ${to}`);
      if (theirs) allowedCount++;
      assert.equal(ours.mayPublish(who, to), theirs, `seed ${seed}: u${i} writes ${to}\n${aclFile}`);
    }
  // Both answers have to come up.
  assert.ok(allowedCount > 0 && allowedCount < USERS * TOPICS, `${allowedCount} of them allowed`);
});
