/**
 * Paho's interoperability tests, in both versions, at the embedded broker and beside it at a Mosquitto: no case may pass
 * there and fail here.
 *
 *     npm run paho-interop [-- FOLDER]    FOLDER: a clone of https://github.com/eclipse/paho.mqtt.testing; default: it is cloned
 *
 * It takes some four minutes, most of it waiting, and needs Python 3.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { startMosquitto, temporaryFolder } from '@humtemp/test-services';
import { EmbeddedStart } from '../embedded-start.js';

const REPOSITORY = 'https://github.com/eclipse/paho.mqtt.testing';
const RUNNER = fileURLToPath(new URL('../../src/paho-interop/paho-interop.py', import.meta.url));
const VERSIONS = [
  { name: '3.1.1', module: 'client_test' },
  { name: '5', module: 'client_test5' },
] as const;
/** It wants a broker that allows 60 s at most. */
const KEEP_ALIVE_CASE = 'test_server_keep_alive';
const KEEP_ALIVE_S = 60;

interface Outcome {
  readonly case: string;
  readonly passed: boolean;
  readonly why: string;
}

const closers: (() => Promise<unknown>)[] = [];
try {
  const tests = await testsOf(process.argv[2]);
  const runs = [
    ...VERSIONS.map((version) => ({ ...version, keepAliveSMax: undefined, only: undefined })),
    { ...VERSIONS[1], keepAliveSMax: KEEP_ALIVE_S, only: KEEP_ALIVE_CASE },
  ];
  let mosquittoVersion = '';
  const rows = await Promise.all(
    runs.map(async ({ name: version, module, keepAliveSMax, only }) => {
      // Of their own: the cases of both versions have the same topics and client ids.
      const { humtemp, mosquitto, version: found } = await brokers(keepAliveSMax);
      mosquittoVersion = found;
      const [ours, theirs] = await Promise.all([
        outcomes(tests, module, humtemp, only),
        outcomes(tests, module, mosquitto, only),
      ]);
      const names = [...new Set([...ours.keys(), ...theirs.keys()])];
      return names.map((name) => ({
        version,
        name: only === undefined ? name : `${name}, at most ${KEEP_ALIVE_S} s allowed`,
        ours: ours.get(name),
        theirs: theirs.get(name),
      }));
    }),
  );
  const cases = rows.flat();
  say(`| version | case | humtemp | Mosquitto ${mosquittoVersion} |\n|---|---|---|---|`);
  for (const { version, name, ours, theirs } of cases)
    say(`| ${version} | \`${name.replace(/^test_?/, '')}\` | ${wordOf(ours)} | ${wordOf(theirs)} |`);
  const worse = cases.filter(({ ours, theirs }) => ours?.passed !== true && theirs?.passed === true);
  for (const { name, ours } of cases)
    if (ours?.passed !== true) say(`${name}: ${ours?.why || 'did not end'}`);
  say(`${cases.length} cases, ${worse.length} worse than Mosquitto`);
  if (worse.length > 0) process.exitCode = 1;
} finally {
  for (const close of closers.reverse()) await close();
}

/** The folder of the tests, of a clone that is there or is made now. */
async function testsOf(clone: string | undefined): Promise<string> {
  let folder = clone;
  if (folder === undefined) {
    const made = await temporaryFolder('paho-interop');
    closers.push(() => made.remove());
    folder = join(made.path, 'clone');
    execFileSync('git', ['clone', '--quiet', '--depth', '1', REPOSITORY, folder], { stdio: 'inherit' });
  }
  const tests = resolve(folder, 'interoperability');
  if (!existsSync(join(tests, 'client_test5.py'))) throw new Error(`${tests} has no client_test5.py`);
  return tests;
}

/** Ports of both brokers, and the version of Mosquitto. */
async function brokers(
  keepAliveSMax: number | undefined,
): Promise<{ humtemp: number; mosquitto: number; version: string }> {
  const isLimited = keepAliveSMax !== undefined;
  const humtemp = await EmbeddedStart.open(
    isLimited ? { HUMTEMP_MQTT_KEEPALIVE_MAX: `${keepAliveSMax}` } : {},
  );
  closers.push(() => humtemp.close());
  const mosquitto = await startMosquitto(isLimited ? { config: `max_keepalive ${keepAliveSMax}` } : {});
  closers.push(() => mosquitto.close());
  const version = /mosquitto version (\S+)/.exec(mosquitto.log())?.[1] ?? '';
  return { humtemp: humtemp.ports.mqtt, mosquitto: Number(new URL(mosquitto.url).port), version };
}

async function outcomes(
  tests: string,
  module: string,
  port: number,
  only: string | undefined,
): Promise<Map<string, Outcome>> {
  const args = [RUNNER, tests, module, `${port}`, ...(only === undefined ? [] : [only])];
  const child = spawn('python3', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [said, complaints] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  const lines = said.split('\n').filter((line) => line !== '');
  if (lines.length === 0) throw new Error(`${module} ran no case: ${complaints}`);
  return new Map(lines.map((line) => JSON.parse(line) as Outcome).map((outcome) => [outcome.case, outcome]));
}

function wordOf(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'did not end';
  return outcome.passed ? 'passes' : 'fails';
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
