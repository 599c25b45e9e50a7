import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Service, startRedis, type TemporaryFolder, temporaryFolder } from '@humtemp/test-services';
import mqtt from 'mqtt';
import { COMMAND, freePorts, HumtempProcess } from './humtemp-process.js';

const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url));

/** The one block of a document that begins so. */
function block(document: string, beginning: string): string {
  const blocks = [...readFileSync(join(DOCS, document), 'utf8').matchAll(/^```\w*\n(.*?)^```$/gms)];
  const found = blocks.map(([, text]) => text!).filter((text) => text.startsWith(beginning));
  assert.equal(found.length, 1, `${document}: a block that begins with ${beginning}`);
  return found[0]!;
}

/** What a document shows behind a command. */
function shownBehind(document: string, command: string): string[] {
  const [, after = ''] = readFileSync(join(DOCS, document), 'utf8').split(`$ ${command}\n`);
  return after
    .split(/^\$ |^```/m)[0]!
    .trim()
    .split('\n');
}

/** Numbers, times and places differ from machine to machine. */
const shape = (text: string) => text.replace(/\d[\d.:,TZ-]*/g, '#').replaceAll(/\/\S+/g, 'PATH');

describe('files and commands that the documents show, on one system', () => {
  let folder: TemporaryFolder;
  let humtemp: HumtempProcess;
  let redis: Service;
  let ports: Awaited<ReturnType<typeof freePorts>>;
  let env: Record<string, string>;
  const path = (name: string) => join(folder.path, name);

  function run(args: readonly string[], more: Record<string, string> = {}, input = '') {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HUMTEMP_'));
    const result = spawnSync(process.execPath, [COMMAND, ...args], {
      cwd: folder.path,
      env: { ...Object.fromEntries(inherited), ...more },
      encoding: 'utf8',
      input,
    });
    return { ...result, lines: result.stdout.trim().split('\n') };
  }

  before(async () => {
    folder = await temporaryFolder('document-files');
    ports = await freePorts();
    redis = await startRedis({ directives: { appendonly: 'yes', 'maxmemory-policy': 'allkeys-lru' } });
    writeFileSync(path('rules'), block('SECURITY.md', '# Every account publishes'));
    writeFileSync(path('labs.csv'), block('configuration.md', 'lab_id,name,group'));
    for (const account of ['library-20', 'gateway-3'])
      assert.equal(run(['passwd', 'accounts', account], {}, 'secret\n').status, 0);
    assert.equal(run(['token', 'tokens', 'dashboard']).status, 0);
    env = {
      ...ports.env,
      HUMTEMP_DATA_DIR: path('data'),
      HUMTEMP_MQTT_PASSWORD_FILE: path('accounts'),
      HUMTEMP_MQTT_ACL_FILE: path('rules'),
      HUMTEMP_LABS_FILE: path('labs.csv'),
    };
    humtemp = new HumtempProcess(['start'], env);
    await humtemp.ready(ports.baseUrl);
  });
  after(async () => {
    await humtemp.kill();
    await redis.close();
    await folder.remove();
  });

  test('the access rules give each account what the page says', async () => {
    const send = async (username: string, lab: string) => {
      const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${ports.mqtt}`, {
        username,
        password: 'secret',
        protocolVersion: 5,
      });
      try {
        const payload = '{"temp":22.08}';
        const ack = await client.publishAsync(`labs/${lab}/observation`, payload, { qos: 1 }).catch((e) => e);
        return (
          (ack as { reasonCode?: number; code?: number }).reasonCode ?? (ack as { code?: number }).code ?? 0
        );
      } finally {
        await client.endAsync();
      }
    };
    const notAuthorized = 0x87;
    assert.equal(await send('library-20', 'library-20'), 0);
    assert.equal(await send('library-20', 'lab-01'), notAuthorized);
    assert.equal(await send('gateway-3', 'lab-01'), 0);
  });

  test('the labs file has a lab that was never heard of, by its name', async () => {
    const labs = (await (await fetch(`${ports.baseUrl}/labs`)).json()) as {
      never_heard: { lab_id: string; name: string; group: string }[];
    };
    const [incubator] = labs.never_heard;
    assert.deepEqual(
      [incubator?.lab_id, incubator?.name, incubator?.group],
      ['floor-2/7', 'Incubator', 'Second floor'],
    );
  });

  test('inspect shows the lines that the page has, of a process and of its folder', () => {
    const shown = shownBehind(
      'troubleshooting.md',
      'HUMTEMP_HEALTH_PORT=9100 npm run --silent humtemp -- inspect',
    );
    const labelsOf = (lines: readonly string[]) =>
      lines.filter((line) => line !== '…').map((line) => line.split(/ {2,}/)[0]!);
    const process = run(['inspect', '--url', ports.baseUrl]);
    assert.equal(process.status, 0, process.stderr);
    const printed = labelsOf(process.lines);
    // Nobody is connected here, and no client is away.
    const isThere = (label: string) => !/^(connections|sessions)$/.test(label) || printed.includes(label);
    const expected = labelsOf(shown).filter(isThere);
    assert.deepEqual(printed.slice(0, expected.length), expected);
    const store = run(['inspect', 'store', '--lab', 'lab-01'], env);
    const shownStore = shownBehind(
      'troubleshooting.md',
      'npm run --silent humtemp -- inspect store --lab lab-01',
    );
    assert.deepEqual(labelsOf(store.lines).slice(0, shownStore.length - 1), labelsOf(shownStore));
  });

  test('the doctor says of such a Redis what the page shows', async () => {
    const shown = shownBehind(
      'troubleshooting.md',
      'HUMTEMP_REDIS_URL=redis://127.0.0.1:6379 npm run --silent humtemp -- doctor',
    );
    const free = await freePorts();
    const { lines, status } = run(['doctor'], { ...free.env, HUMTEMP_REDIS_URL: redis.url });
    assert.deepEqual(lines.map(shape), shown.map(shape));
    assert.equal(status, 1);
  });

  test('variables that the pages show together are a good configuration', () => {
    const pi = readFileSync(join(DOCS, 'raspberry-pi.md'), 'utf8');
    const [, forPi = ''] = /humtemp\.env <<'END'\n(.*?)^END$/ms.exec(pi) ?? [];
    for (const [role, text] of [
      ['start', forPi],
      ['worker', block('scaling.md', 'HUMTEMP_MQTT_URL=')],
    ] as const) {
      const variables = Object.fromEntries(
        text
          .trim()
          .split('\n')
          .map((line) => line.split(/=(.*)/).slice(0, 2)),
      ) as Record<string, string>;
      assert.ok(Object.keys(variables).length > 0, role);
      const { stdout } = run(['doctor', role, '--listen', '0'], {
        HUMTEMP_DATA_DIR: path('none'),
        ...variables,
      });
      assert.match(
        stdout,
        new RegExp(`^ok {7}configuration {2}every variable of humtemp ${role} is good$`, 'm'),
      );
    }
  });

  test('a backup is a data folder; what it exports, Redis imports; the last lines are as shown', async () => {
    const backup = run(['backup', path('backup')], env);
    assert.equal(backup.status, 0, backup.stderr);
    await humtemp.stop();
    const lastWords = block('operations.md', '{"level":30').trim().split('\n');
    const keysOf = (line: string) => Object.keys(JSON.parse(line) as object);
    const said = humtemp.stderr.split('\n').filter((line) => /"msg":"stop/.test(line));
    assert.deepEqual(said.map(keysOf), lastWords.map(keysOf));
    const exported = run(['export', 'labs.ndjson'], { HUMTEMP_DATA_DIR: path('backup') });
    assert.equal(exported.status, 0, exported.stderr);
    const lines = readFileSync(path('labs.ndjson'), 'utf8').trim().split('\n');
    const shown = block('protocol.md', '{"format":"humtemp export"').trim().split('\n');
    assert.deepEqual([lines[0]!, lines[1]!, lines.at(-1)!].map(keysOf), shown.map(keysOf));
    const imported = run(['import', 'labs.ndjson'], { HUMTEMP_REDIS_URL: redis.url });
    assert.equal(imported.status, 0, imported.stderr);
    const [shownImport] = shownBehind(
      'stores.md',
      'HUMTEMP_REDIS_URL=redis://redis.lan humtemp import labs.ndjson',
    );
    assert.equal(shape(imported.lines[0]!), shape(shownImport!));
  });
});
