import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePort, temporaryFolder } from '@humtemp/test-services';
import { freePorts, HumtempProcess, runHumtemp } from './humtemp-process.js';

let folder: { path: string; remove(): Promise<void> };
before(async () => {
  folder = await temporaryFolder('humtemp-bad-');
});
after(() => folder.remove());

/** Cannot start with this environment, and says so in one message that matches. */
async function refuses(
  args: readonly string[],
  env: Record<string, string>,
  ...messages: RegExp[]
): Promise<void> {
  const { code, stdout, stderr } = await runHumtemp(args, env);
  assert.equal(code, 2, stderr);
  for (const message of messages) assert.match(stderr, message);
  assert.doesNotMatch(stderr, /\n {4}at /, 'no stack trace');
  assert.equal(stdout, '');
}

describe('humtemp says what is in its way, and exits with 2', () => {
  test('when variables are bad: all of them, with value and what was expected', () =>
    refuses(
      ['start'],
      {
        HUMTEMP_MQTT_PORT: '70000',
        HUMTEMP_BUCKET_DURATION: 'day',
        HUMTEMP_ROLLUPS: '5m',
        HUMTEMP_MQTT_TOPICS: 'labs',
        HUMTEMP_MQTT_HOST: '0.0.0.0',
        HUMTEMP_REDIS_URL: 'http://x',
      },
      /HUMTEMP_MQTT_PORT=70000: expected an integer from 0 to 65535/,
      /HUMTEMP_BUCKET_DURATION=day: expected/,
      /HUMTEMP_ROLLUPS=5m: expected a list of duration:retention/,
      /HUMTEMP_MQTT_TOPICS=labs: expected/,
      /HUMTEMP_MQTT_HOST=0.0.0.0: expected a loopback address, or HUMTEMP_MQTT_ALLOW_ANONYMOUS=true/,
      /HUMTEMP_REDIS_URL=http:\/\/x: expected/,
    ));

  test('when a port is taken', async () => {
    const server = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const dataDir = { HUMTEMP_DATA_DIR: join(folder.path, 'taken') };
    const other = `${await freePort()}`;
    await refuses(
      ['start'],
      { ...dataDir, HUMTEMP_MQTT_PORT: `${port}`, HUMTEMP_API_PORT: other },
      /HUMTEMP_MQTT_PORT=\d+: the port is taken/,
    );
    await refuses(
      ['start'],
      { ...dataDir, HUMTEMP_MQTT_PORT: other, HUMTEMP_API_PORT: `${port}` },
      /HUMTEMP_API_PORT=\d+: the port is taken/,
    );
    await new Promise((resolve) => server.close(resolve));
  });

  test('when the data folder cannot be one', async () => {
    const file = join(folder.path, 'file');
    await writeFile(file, '');
    await refuses(['start'], { HUMTEMP_DATA_DIR: join(file, 'data') }, /HUMTEMP_DATA_DIR=.*choose another/);
  });

  test('when a command or an argument is unknown', async () => {
    await refuses(['serve'], {}, /no such command: serve; humtemp --help/);
    await refuses(['start', '--port', '1'], {}, /start takes no arguments/);
    await refuses(['worker'], {}, /HUMTEMP_MQTT_URL=: expected the broker to subscribe to/);
  });
});

test('without Redis, the API starts, says why it is not ready, and is ready once Redis is there', async () => {
  const { startRedis } = await import('@humtemp/test-services');
  const ports = await freePorts();
  const redis = await startRedis();
  await redis.terminate();
  const api = new HumtempProcess(['api'], { ...ports.env, HUMTEMP_REDIS_URL: redis.url });
  try {
    const response = await eventually(() => fetch(`${ports.baseUrl}/readyz`));
    assert.equal(response.status, 503);
    assert.match(await response.text(), /Redis is not connected: .*ECONNREFUSED/);
    assert.equal((await fetch(`${ports.baseUrl}/livez`)).status, 200);
    assert.equal((await fetch(`${ports.baseUrl}/summary`)).status, 503);
    await redis.start();
    await api.ready(ports.baseUrl);
    assert.equal((await fetch(`${ports.baseUrl}/summary`)).status, 200);
    api.signal('SIGINT');
    await api.exited();
    assert.equal(api.exitCode, 0, api.stderr);
  } finally {
    await api.kill();
    await redis.close();
  }
});

test('--help names every command, help variables every variable, and ROLE --help those of the role', async () => {
  const shown = async (...argv: string[]) => {
    const { code, stdout } = await runHumtemp(argv);
    assert.equal(code, 0, argv.join(' '));
    return stdout;
  };
  const commands = await shown('--help');
  for (const word of ['start', 'broker', 'worker', 'api', 'simulate', 'replay', 'passwd', 'token'])
    assert.match(commands, new RegExp(`^  ${word} `, 'm'));
  assert.ok(commands.split('\n').length < 40, 'fits a terminal');

  const variables = await shown('help', 'variables');
  assert.match(variables, /HUMTEMP_BUCKET_OFFSET\n.*\n.*default 1970-01-01T00:00:00\+00:00/);
  const worker = await shown('worker', '--help');
  assert.match(worker, /HUMTEMP_MQTT_GROUP +humtemp/);
  assert.doesNotMatch(worker, /HUMTEMP_API_PORT/);
  assert.equal(await shown('help', 'worker'), worker);
  assert.equal(await shown('help', 'replay'), await shown('replay', '--help'));
});

test('version prints the version in every way one might ask for it', async () => {
  for (const way of ['version', '--version']) {
    const { code, stdout } = await runHumtemp([way]);
    assert.equal(code, 0);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  }
});

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let i = 0; ; i++) {
    try {
      return await attempt();
    } catch (error) {
      if (i > 1200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
