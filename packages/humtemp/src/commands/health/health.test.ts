import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { freePort } from '@humtemp/test-services';
import { healthUrl } from '../../config/own-addresses.js';
import { health } from './command.js';

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

test('health asks the port of its own, or the API', () => {
  assert.equal(healthUrl({ HUMTEMP_API_PORT: '8001' }), 'http://127.0.0.1:8001');
  assert.equal(healthUrl({ HUMTEMP_HEALTH_PORT: '9001', HUMTEMP_HEALTH_HOST: '::' }), 'http://[::1]:9001');
});
