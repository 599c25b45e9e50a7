import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRedis } from '@humtemp/test-services';
import { freePorts, HumtempProcess, runHumtemp } from '../humtemp-process.js';
import { checkExact, openRedisStore, settled } from '../oracle.js';
import { until } from '../until.js';
import { FleetLoad } from './fleet-load.js';
import { ServersReader } from './servers-reader.js';
import { spread } from './servers-run.js';

test('a server is added and another drained under load, whoever moves labs is killed: all counts once, and is seen at every moment', async () => {
  const servers = await Promise.all([startRedis(), startRedis(), startRedis()]);
  const listOf = (names: string) =>
    [...names].map((name) => `${servers['abc'.indexOf(name)]!.url}?name=${name}`).join(',');
  const ports = await freePorts();
  // The store begins with two.
  await (await openRedisStore(listOf('ab'))).close();
  const url = listOf('abc');
  const humtemp = new HumtempProcess(['start'], { ...ports.env, HUMTEMP_REDIS_URL: url });
  const load = new FleetLoad({
    urls: [`mqtt://127.0.0.1:${ports.mqtt}`],
    connections: 12,
    observations: 1_000_000,
    ratePerS: 300,
    labs: 36,
    seed: 1,
  });
  const store = await openRedisStore(url);
  const reader = new ServersReader(store, ports.baseUrl, 20);
  try {
    await humtemp.ready(ports.baseUrl);
    const running = load.run();
    running.catch(() => {});
    await until(() => load.record.size === 36 && load.acknowledged > 200);
    const reading = reader.run();
    reading.catch(() => {});
    const plan = await runHumtemp(['spread', '--check'], { HUMTEMP_REDIS_URL: url });
    assert.match(
      plan.stdout,
      /^a: \d+ of 256 partitions\nb: \d+ of .*\nc: 0 of .*\n\d+ to be moved from [ab] to c\n/,
    );
    const lines: string[] = [];
    await spread(url, [], { kills: 1 }, (line) => lines.push(line));
    const before = load.acknowledged;
    await spread(url, ['b'], { kills: 0 }, (line) => lines.push(line));
    assert.match(lines.at(-1)!, /; b: 0 of 256 partitions; /);
    await until(() => load.acknowledged > before);
    await reader.stop();
    await reading;
    assert.ok(reader.readings > 5, `${reader.readings} readings`);
    assert.equal(reader.refused, 0);
    await Promise.all(load.loads.map((one) => one.pause()));
    await settled(load.record, store, 5000);
    await checkExact(load.record, store);
    // What is left of b is nothing that anybody needs.
    await servers[1]!.close();
    await humtemp.stop();
    const without = await openRedisStore(listOf('ac'));
    await checkExact(load.record, without);
    await without.close();
    // A list that lacks a server with labs is refused.
    const refused = await runHumtemp(['spread'], { HUMTEMP_REDIS_URL: `${listOf('a')}` });
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /Redis keeps the labs of these servers: a, c; HUMTEMP_REDIS_URL names only one/,
    );
  } finally {
    await reader.stop();
    await load.close();
    await store.close();
    await humtemp.kill();
    await Promise.all(servers.map((server) => server.close()));
  }
});
