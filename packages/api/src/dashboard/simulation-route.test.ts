import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { openTokens, tokenLines } from '../access/access.fixture.js';
import { NOON_MS, startApi } from '../api.fixture.js';
import type { Simulation } from './simulation-route.js';

/** One whose state is all that it has. */
class ToySimulation implements Simulation {
  readonly labs = ['simulated/01'];
  endsMs: number | undefined;
  start(): void {
    this.endsMs = NOON_MS;
  }
  stop(): void {
    this.endsMs = undefined;
  }
}

/** What the server knows of a request that comes from an address. */
const from = (remoteAddress: string, body = '') => ({
  incoming: Object.assign(Readable.from([Buffer.from(body)]), { socket: { remoteAddress } }),
});
const START = { method: 'POST', body: '{"running":true}' };

interface Ask {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

test('made-up labs are started and ended from the machine itself, and from nowhere else', async (t) => {
  const simulation = new ToySimulation();
  const { app } = await startApi(t, { simulation });
  const ask = async (init: Ask, address = '127.0.0.1') => {
    const response = await app.request('/simulation', init, from(address, init.body));
    return [response.status, ((await response.json()) as { running?: boolean }).running];
  };
  for (const address of ['10.0.0.7', '::ffff:10.0.0.7', ''])
    assert.deepEqual(await ask(START, address), [404, undefined], address);
  assert.deepEqual(await ask({ ...START, headers: { 'x-forwarded-for': '10.0.0.7' } }), [404, undefined]);
  // A page of another origin cannot start it either.
  assert.deepEqual(await ask({ ...START, headers: { origin: 'https://evil.example' } }), [403, undefined]);
  assert.deepEqual(await ask({ ...START, body: '{"running":1}' }), [400, undefined]);
  assert.equal(simulation.endsMs, undefined);
  assert.deepEqual(await ask(START, '::1'), [200, true]);
  assert.deepEqual(await ask({}), [200, true]);
  assert.deepEqual(await ask({ method: 'POST', body: '{"running":false}' }), [200, false]);
});

test('with tokens, only who may write its labs may start it, and only they are offered it', async (t) => {
  const simulation = new ToySimulation();
  const { tokens } = await openTokens(
    t,
    tokenLines({ reader: {}, floor: { labs: 'floor-2/*', write: true }, writer: { write: true } }),
  );
  const { app } = await startApi(t, { simulation, tokens });
  const ask = async (name: string, init: Ask) => {
    const headers = { authorization: `Bearer ${name}-secret` };
    const response = await app.request('/simulation', { ...init, headers }, from('127.0.0.1', init.body));
    return { status: response.status, answer: (await response.json()) as { offered?: boolean } };
  };
  for (const name of ['reader', 'floor']) {
    assert.equal((await ask(name, START)).status, 403, name);
    assert.equal((await ask(name, {})).answer.offered, false, name);
  }
  assert.equal(simulation.endsMs, undefined);
  assert.equal((await ask('writer', {})).answer.offered, true);
  assert.equal((await ask('writer', START)).status, 200);
  assert.equal(simulation.endsMs, NOON_MS);
});
