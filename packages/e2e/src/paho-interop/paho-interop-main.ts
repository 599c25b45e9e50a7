/**
 * Paho's interoperability tests, in both versions, at the embedded broker and beside it at a Mosquitto: no case may pass
 * there and fail here.
 *
 *     npm run paho-interop [-- FOLDER]    FOLDER: a clone of https://github.com/eclipse/paho.mqtt.testing; default: it is cloned
 *
 * It takes some four minutes, most of it waiting, and needs Python 3.
 */
import { spawn, spawnSync } from 'node:child_process';
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

const HELP = `Puts Paho's interoperability tests to the embedded broker, and to a Mosquitto beside it.

Usage: npm run paho-interop [-- FOLDER]

FOLDER: a clone of ${REPOSITORY}, or the files of one. Without it,
the tests are cloned from there into a temporary folder, which needs git and a way to github.com.
`;

/** Something is missing that whoever started this can bring. */
class Missing extends Error {}

const closers: (() => Promise<unknown>)[] = [];
try {
  const [folder] = process.argv.slice(2);
  if (folder === '--help' || folder === '-h') {
    process.stdout.write(HELP);
    process.exit();
  }
  if (spawnSync('python3', ['--version']).status !== 0) throw new Missing('python3 is not there');
  const tests = await testsOf(folder);
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
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  process.stderr.write(`${error.message}\n\n${HELP}`);
  process.exitCode = 2;
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
    const { status } = spawnSync('git', ['clone', '--quiet', '--depth', '1', REPOSITORY, folder], {
      stdio: 'inherit',
    });
    if (status !== 0)
      throw new Missing('the tests cannot be cloned from here: fetch them elsewhere, and name the folder');
  }
  const tests = resolve(folder, 'interoperability');
  if (!existsSync(join(tests, 'client_test5.py')))
    throw new Missing(`${folder} is no clone of the tests: it has no interoperability/client_test5.py`);
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
