import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '@humtemp/test-services';
import { healthUrl } from '../../config/own-addresses.js';
import { health } from './command.js';

const HEALTHCHECK = fileURLToPath(new URL('../../../../../docker/health.sh', import.meta.url));

async function served(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('health says that a process is ready, or why it is not', async (t) => {
  const url = await served(t, (request, response) => {
    if (request.url === '/livez') response.end('{}');
    else {
      response.statusCode = 503;
      response.end(JSON.stringify({ title: 'Not ready', detail: 'Redis is not connected' }));
    }
  });
  assert.deepEqual(await health(url, true, 5000), { isHealthy: true, text: 'alive' });
  assert.deepEqual(await health(url, false, 5000), {
    isHealthy: false,
    text: 'not ready: Redis is not connected',
  });
});

test('health says that nothing listens, or that no answer comes', async (t) => {
  const silent = await served(t, () => {});
  assert.deepEqual(await health(silent, false, 50), {
    isHealthy: false,
    text: `${silent}/readyz: no answer within 50 ms`,
  });
  const { isHealthy, text } = await health(`http://127.0.0.1:${await freePort()}`, false, 5000);
  assert.equal(isHealthy, false);
  assert.match(text, /^http:\/\/127\.0\.0\.1:\d+\/readyz: nothing listens there$/);
});

test('the HEALTHCHECK of the image says the same, without a Node of its own', async (t) => {
  let status = 200;
  const url = new URL(
    await served(t, (request, response) => {
      response.statusCode = request.url === '/readyz' ? status : 404;
      response.end(JSON.stringify({ detail: 'Redis is not connected' }));
    }),
  );
  const check = async (port: string | number) => {
    const env = { ...process.env, HUMTEMP_HEALTH_HOST: '0.0.0.0', HUMTEMP_HEALTH_PORT: String(port) };
    const child = spawn('bash', [HEALTHCHECK], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    const [text, [code]] = await Promise.all([child.stdout.toArray(), once(child, 'close')]);
    return { code: code as number, text: Buffer.concat(text).toString() };
  };
  assert.deepEqual(await check(url.port), { code: 0, text: '' });
  status = 503;
  assert.deepEqual(await check(url.port), { code: 1, text: '{"detail":"Redis is not connected"}' });
  assert.equal((await check(await freePort())).code, 1);
});

test('health asks the port of its own, or the API', () => {
  assert.equal(healthUrl({ HUMTEMP_API_PORT: '8001' }), 'http://127.0.0.1:8001');
  assert.equal(healthUrl({ HUMTEMP_HEALTH_PORT: '9001', HUMTEMP_HEALTH_HOST: '::' }), 'http://[::1]:9001');
});
