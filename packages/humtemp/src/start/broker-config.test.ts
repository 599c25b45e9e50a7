import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { bucketGrid, emptyCommitResult } from '@humtemp/bucket-core';
import { Intake, LabsSource, SourceTable } from '@humtemp/intake';
import { pino } from 'pino';
import { readConfig } from '../config/config.js';
import { startBroker } from './start-broker.js';

const CERTIFICATE = { HUMTEMP_MQTT_CERT_FILE: 'cert.pem', HUMTEMP_MQTT_KEY_FILE: 'key.pem' };

describe('the configuration of the embedded broker', () => {
  const bad: [what: string, env: Record<string, string>, lines: readonly string[]][] = [
    [
      'TLS without a certificate',
      { HUMTEMP_MQTT_TLS_PORT: '8883' },
      [
        'HUMTEMP_MQTT_CERT_FILE=: expected both HUMTEMP_MQTT_CERT_FILE and HUMTEMP_MQTT_KEY_FILE, for a port with TLS',
      ],
    ],
    [
      'TLS for WebSocket without a key',
      { HUMTEMP_MQTT_WSS_PORT: '8084', HUMTEMP_MQTT_CERT_FILE: 'cert.pem' },
      [
        'HUMTEMP_MQTT_KEY_FILE=: expected both HUMTEMP_MQTT_CERT_FILE and HUMTEMP_MQTT_KEY_FILE, for a port with TLS',
      ],
    ],
    [
      'an address for others, without accounts',
      { HUMTEMP_MQTT_HOST: '0.0.0.0', HUMTEMP_MQTT_ACL_FILE: 'acl' },
      [
        'HUMTEMP_MQTT_HOST=0.0.0.0: expected a loopback address, or HUMTEMP_MQTT_ALLOW_ANONYMOUS=true, or accounts in HUMTEMP_MQTT_PASSWORD_FILE',
      ],
    ],
    [
      'no listener at all',
      { HUMTEMP_MQTT_PORT: 'off' },
      ['HUMTEMP_MQTT_PORT=off: expected a port, for no other listener is configured'],
    ],
    [
      'several at once',
      { HUMTEMP_MQTT_PORT: 'x', HUMTEMP_MQTT_TLS_PORT: '70000', HUMTEMP_MQTT_CONNECT_BYTES_MAX: '1' },
      [
        'HUMTEMP_MQTT_PORT=x: expected an integer from 0 to 65535',
        'HUMTEMP_MQTT_TLS_PORT=70000: expected an integer from 0 to 65535',
        'HUMTEMP_MQTT_CONNECT_BYTES_MAX=1: expected an integer from 64 to 1048576',
      ],
    ],
  ];
  for (const [what, env, lines] of bad)
    test(`the configuration of the embedded broker is refused with ${what}`, () => {
      for (const role of ['start', 'broker'] as const)
        assert.throws(() => readConfig(env, role), {
          name: 'StartError',
          message: `bad configuration:\n${lines.map((line) => `  ${line}\n`).join('')}humtemp help variables explains each.`,
        });
    });

  test('a role without a broker does not check the variables of the broker', () => {
    const env = { HUMTEMP_MQTT_HOST: '0.0.0.0', HUMTEMP_MQTT_TLS_PORT: '8883' };
    readConfig(env, 'api');
    readConfig({ ...env, HUMTEMP_MQTT_URL: 'mqtt://127.0.0.1' }, 'start');
  });

  test('the embedded broker may listen for others with accounts, or if anonymous clients are allowed', () => {
    for (const more of [
      { HUMTEMP_MQTT_PASSWORD_FILE: 'passwords' },
      { HUMTEMP_MQTT_ALLOW_ANONYMOUS: 'true' },
    ])
      readConfig({ HUMTEMP_MQTT_HOST: '0.0.0.0', ...more }, 'start');
  });

  test('the embedded broker may do without the plain port', () => {
    const config = readConfig(
      { HUMTEMP_MQTT_PORT: 'off', HUMTEMP_MQTT_TLS_PORT: '0', ...CERTIFICATE },
      'start',
    );
    assert.deepEqual([config.mqttPort, config.mqttTlsPort], [undefined, 0]);
  });
});

describe('the embedded broker', () => {
  async function start(t: TestContext, env: Record<string, string>) {
    const store = { commit: async () => emptyCommitResult() };
    const intake = new Intake({
      store: store as never,
      grid: bucketGrid(0, { durationS: 86_400, retention: 2 }, []),
      limits: { payloadBytesMax: 500, arrayLengthMax: 10, pendingMax: 100 },
    });
    const config = readConfig({ HUMTEMP_MQTT_PORT: '0', ...env }, 'start');
    const sources = new SourceTable([new LabsSource(config.mqttTopics)]);
    const broker = await startBroker(config, sources, intake, pino({ level: 'silent' }));
    t.after(() => broker.close());
    return broker;
  }

  async function folder(t: TestContext): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'broker-config-'));
    t.after(() => rm(path, { recursive: true }));
    return path;
  }

  test('the embedded broker listens where it is configured to', async (t) => {
    const broker = await start(t, { HUMTEMP_MQTT_WS_PORT: '0' });
    assert.deepEqual(
      broker.listeners.map(({ kind }) => kind),
      ['mqtt', 'ws'],
    );
  });

  test('the embedded broker opens a WebSocket for no page of others where no account is needed', async (t) => {
    const statusOf = async (port: number, headers: Record<string, string>) => {
      const asked = request({
        port,
        host: '127.0.0.1',
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
          'sec-websocket-protocol': 'mqtt',
          ...headers,
        },
      });
      asked.end();
      const [answer] = await Promise.race([once(asked, 'response'), once(asked, 'upgrade')]);
      answer.socket.destroy();
      return answer.statusCode;
    };
    const open = await start(t, {
      HUMTEMP_MQTT_WS_PORT: '0',
      HUMTEMP_PUBLIC_HOSTS: 'lab.example',
      HUMTEMP_API_CORS_ORIGINS: 'https://ours.example',
    });
    const port = open.portOf('ws');
    const here = `127.0.0.1:${port}`;
    for (const [headers, status] of [
      [{}, 101],
      [{ host: 'localhost' }, 101],
      [{ host: 'lab.example:9001' }, 101],
      [{ host: 'rebound.example' }, 421],
      [{ host: here, origin: `http://${here}` }, 101],
      [{ host: here, origin: 'https://ours.example' }, 101],
      [{ host: here, origin: 'https://evil.example' }, 403],
      [{ host: here, origin: 'null' }, 403],
      [{ host: here, 'sec-fetch-site': 'cross-site' }, 403],
    ] as const)
      assert.equal(await statusOf(port, headers as never), status, JSON.stringify(headers));

    const accounts = join(await folder(t), 'accounts');
    await writeFile(accounts, '');
    const closed = await start(t, { HUMTEMP_MQTT_WS_PORT: '0', HUMTEMP_MQTT_PASSWORD_FILE: accounts });
    assert.equal(await statusOf(closed.portOf('ws'), { origin: 'https://evil.example' }), 101);
  });

  test('the embedded broker names the variable of the port that is taken', async (t) => {
    const broker = await start(t, {});
    const port = `${broker.portOf('mqtt')}`;
    await assert.rejects(start(t, { HUMTEMP_MQTT_WS_PORT: port }), {
      name: 'StartError',
      message: `HUMTEMP_MQTT_WS_PORT=${port}: the port is taken; stop what listens there, or set the variable to a free port`,
    });
    await assert.rejects(start(t, { HUMTEMP_MQTT_PORT: port }), {
      name: 'StartError',
      message: `HUMTEMP_MQTT_PORT=${port}: the port is taken; stop what listens there, or set the variable to a free port. If an MQTT broker listens there, humtemp start can subscribe to it: HUMTEMP_MQTT_URL=mqtt://127.0.0.1:${port}`,
    });
    await assert.rejects(start(t, { HUMTEMP_MQTT_HOST: '192.0.2.1', HUMTEMP_MQTT_ALLOW_ANONYMOUS: 'true' }), {
      name: 'StartError',
      message: /^HUMTEMP_MQTT_HOST=192.0.2.1: this machine has no such address/,
    });
  });

  test('the embedded broker names the file that it cannot use', async (t) => {
    const path = await folder(t);
    await writeFile(join(path, 'bad'), 'nothing\n');
    for (const [env, message] of [
      [{ HUMTEMP_MQTT_PASSWORD_FILE: `${path}/none` }, `${path}/none: there is no such file`],
      [{ HUMTEMP_MQTT_PASSWORD_FILE: `${path}/bad` }, `${path}/bad, line 1: expected username:hash`],
      [
        {
          HUMTEMP_MQTT_TLS_PORT: '0',
          HUMTEMP_MQTT_CERT_FILE: `${path}/none`,
          HUMTEMP_MQTT_KEY_FILE: `${path}/bad`,
        },
        `${path}/none: there is no such file`,
      ],
    ] as const)
      await assert.rejects(start(t, env), { name: 'StartError', message });
  });

  test('the embedded broker has rules without accounts, for anonymous clients', async (t) => {
    const path = await folder(t);
    await writeFile(join(path, 'acl'), 'topic write labs/+/observation\n');
    const broker = await start(t, { HUMTEMP_MQTT_ACL_FILE: join(path, 'acl') });
    assert.equal(broker.listeners.length, 1);
  });
});
