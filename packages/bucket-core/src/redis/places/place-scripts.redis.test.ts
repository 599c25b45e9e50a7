import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type Service, startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { defineScripts, type ScriptedRedis } from '../scripts.js';
import { arrivedText, movedText, parseMoved } from './place-map.js';

let service: Service;
let redis: ScriptedRedis;

before(async () => {
  service = await startRedis();
  redis = defineScripts(new Redis(service.url));
});
after(async () => {
  redis.disconnect();
  await service.close();
});
beforeEach(async () => {
  await redis.flushall();
});

const here = movedText({ epoch: 2, owner: 'here', from: 'there', token: 'second' });

describe('the scripts that move a place between servers', () => {
  test('what is kept of a place is read as it was written', () => {
    const moved = { epoch: 7, owner: 'a b', to: '{"', untilMs: 5 };
    assert.deepEqual(parseMoved(movedText(moved)), moved);
  });

  test('a change is made once, and changes the stamp; one that comes too late changes nothing', async () => {
    const change = (from: string, to: string, stamp: string) =>
      redis.humtemp_move(2, 'stamp', 'places', 3, from, to, stamp);
    assert.equal(await change('', '1 {}', 'x'), 1);
    assert.equal(await change('', '1 {"late":1}', 'y'), 0);
    assert.deepEqual(await redis.humtemp_places(2, 'stamp', 'places'), ['x', '3', '1 {}']);
    assert.equal(await change('1 {}', '2 {}', 'z'), 1);
    assert.deepEqual(await redis.humtemp_places(2, 'stamp', 'places'), ['z', '3', '2 {}']);
  });

  test('a place is put by the attempt that is expected, and by no earlier one', async () => {
    const put = (token: string, value: string, arrived = '') =>
      redis.humtemp_put(2, 'incoming', 'key', token, arrived, 's', '0', 1, value);
    assert.equal(await put('first', 'x'), 0, 'nothing is expected');
    assert.equal(await redis.humtemp_expect(2, 'places', 'incoming', 3, '', 'first'), 1);
    assert.equal(await put('first', 'x'), 1);
    assert.equal(await redis.humtemp_expect(2, 'places', 'incoming', 3, '', 'second'), 1);
    assert.equal(await put('first', 'late'), 0);
    assert.equal(await put('second', 'y', arrivedText('second')), 1);
    assert.equal(await put('second', 'late'), 0, 'all has arrived');
    assert.equal(await redis.get('key'), 'y');
    const learn = () =>
      redis.humtemp_learn(2, 'stamp', 'places', 's', 3, here, 'incoming', arrivedText('second'), 1);
    assert.equal(await learn(), 1);
    assert.equal(await redis.exists('incoming'), 0);
    // The place is here: who looked before that does not expect it any more.
    assert.equal(await redis.humtemp_expect(2, 'places', 'incoming', 3, '', 'third'), 0);
    assert.equal(await put('second', 'late'), 0);
    assert.equal(await redis.get('key'), 'y');
  });

  test('a server takes a place only once all has arrived, and what is newer only', async () => {
    const learn = (text: string, arrived: string, isOwn: number) =>
      redis.humtemp_learn(
        2,
        'stamp',
        'places',
        'new',
        3,
        text,
        arrived === '' ? '' : 'incoming',
        arrived,
        isOwn,
      );
    await redis.set('incoming', 'second');
    assert.equal(await learn(here, arrivedText('second'), 1), 0);
    assert.equal(await redis.exists('places', 'stamp'), 0);
    await redis.set('incoming', arrivedText('second'));
    assert.equal(await learn(here, arrivedText('second'), 1), 1);
    assert.equal(await redis.get('stamp'), 'new');
    assert.equal(await learn('1 {"older":1}', '', 1), 0);
    assert.equal(await redis.hget('places', '3'), here);
  });

  test('what concerns other servers does not change the stamp', async () => {
    await redis.humtemp_learn(2, 'stamp', 'places', 'new', 3, here, '', '', 0);
    assert.equal(await redis.hget('places', '3'), here);
    assert.equal(await redis.exists('stamp'), 0);
  });

  test('an old copy is deleted only while the place is elsewhere', async () => {
    const gone = movedText({ epoch: 2, owner: 'there' });
    await redis.mset('one', 1, 'two', 2);
    assert.equal(await redis.humtemp_drop(2, 'places', 'one', 3, gone), 0);
    await redis.hset('places', 3, gone);
    assert.equal(await redis.humtemp_drop(2, 'places', 'one', 3, gone), 1);
    await redis.hset('places', 3, here);
    assert.equal(await redis.humtemp_drop(2, 'places', 'two', 3, gone), 0);
    assert.equal(await redis.exists('one', 'two'), 1);
  });

  test('values are taken with their expiries, and those of other types are not', async () => {
    await redis.set('string', 'x', 'PX', 60_000);
    await redis.set('ever', '');
    await redis.lpush('list', 'x');
    const nowMs = Date.now();
    const reply = await redis.humtemp_takeBuffer(4, 'string', 'ever', 'list', 'none');
    assert.deepEqual(
      reply.map((one) => one?.toString().replace(/^\d{13}$/, 'later')),
      ['x', 'later', '', '0', undefined, '0', undefined, '0'],
    );
    assert.ok(Math.abs(Number(reply[1]) - nowMs - 60_000) < 5000);
  });

  test('whoever knows an older stamp writes nothing', async () => {
    await redis.set('stamp', 'new');
    const elsewhere = /^ReplyError: ELSEWHERE/;
    await redis.set('head', 'x');
    await assert.rejects(redis.humtemp_aside(2, 'head', 'aside', 'x', 9, '', 0, 'stamp', 'old'), elsewhere);
    await assert.rejects(redis.humtemp_fold(1, 'head', 'stamp', '', Buffer.alloc(12)), elsewhere);
    await assert.rejects(
      redis.humtemp_begin(3, 'head', 'labs', 'names', Buffer.alloc(19), 9, 'lab', 'stamp', 'old'),
      elsewhere,
    );
    await assert.rejects(
      redis.humtemp_commitBuffer(2, 'done', 'counts', Buffer.alloc(32), '', 'p', 'stamp', 'old'),
      elsewhere,
    );
    assert.deepEqual((await redis.keys('*')).sort(), ['head', 'stamp']);
  });
});
