import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@humtemp/test-services';
import { connectAsync } from 'mqtt';
import { progress } from '../by-turns.js';
import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';
import { COUNTED_PATH, nodeRedFlow, PROBE_LAB } from './node-red-flow.js';

/** The newest that runs on Node 20. */
const VERSION = '4.1.15';
const CACHE = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
const INSTALLED_IN = join(CACHE, `humtemp-bench/node-red-${VERSION}`);
const PROGRAM = join(INSTALLED_IN, 'node_modules/node-red/red.js');
const INSTALL_MS_MAX = 240_000;
const SUBSCRIBED_MS_MAX = 60_000;
const PROBE_MS = 100;

interface Counted {
  readonly counted: number;
  /** Whether a publish has come through. */
  readonly subscribed: boolean;
}

export function nodeRedIsInstalled(): boolean {
  return existsSync(PROGRAM);
}

/** Installs Node-RED with npm, outside of this repository, unless it is there from an earlier time. @throws why it could not */
export async function installNodeRed(): Promise<void> {
  if (nodeRedIsInstalled()) return;
  progress(`installing node-red@${VERSION} in ${INSTALLED_IN} …`);
  await mkdir(INSTALLED_IN, { recursive: true });
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=1'];
  try {
    await promisify(execFile)(
      'npm',
      ['install', '--prefix', INSTALLED_IN, ...options, `node-red@${VERSION}`],
      // A shell where npm is a script: on Windows.
      { timeout: INSTALL_MS_MAX, shell: process.platform === 'win32' },
    );
  } catch (error) {
    // What is half there would be taken for whole the next time.
    await rm(INSTALLED_IN, { recursive: true, force: true });
    throw error;
  }
}

/** Starts Node-RED without its editor, and waits until its flow is subscribed. */
export async function startNodeRed(
  processes: ProcessGroup,
  mqttPort: number,
): Promise<{ process: RunningProcess; counted: () => Promise<number> }> {
  const [port, folder] = [await freePort(), await processes.folder()];
  const settings = {
    uiPort: port,
    uiHost: '127.0.0.1',
    httpAdminRoot: false,
    flowFile: 'flows.json',
    credentialSecret: false,
    telemetry: { enabled: false },
    logging: { console: { level: 'warn' } },
  };
  await writeFile(join(folder, 'settings.js'), `module.exports = ${JSON.stringify(settings)};\n`);
  await writeFile(join(folder, 'flows.json'), JSON.stringify(nodeRedFlow(mqttPort)));
  const running = processes.spawn('node-red', process.execPath, [
    PROGRAM,
    ...['--userDir', folder, '--settings', join(folder, 'settings.js')],
  ]);
  const look = async () => (await (await fetch(`http://127.0.0.1:${port}${COUNTED_PATH}`)).json()) as Counted;
  await untilSubscribed(look, running, mqttPort);
  return { process: running, counted: async () => (await look()).counted };
}

async function untilSubscribed(
  look: () => Promise<Counted>,
  running: RunningProcess,
  mqttPort: number,
): Promise<void> {
  const prober = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`);
  try {
    for (const deadline = Date.now() + SUBSCRIBED_MS_MAX; Date.now() < deadline; ) {
      const ended = running.ended();
      if (ended !== undefined) throw new Error(ended);
      await prober.publishAsync(`labs/${PROBE_LAB}/observation`, '{"temp":20,"humidity":40}', { qos: 1 });
      await new Promise((resolve) => setTimeout(resolve, PROBE_MS));
      if (
        await look().then(
          (seen) => seen.subscribed,
          () => false,
        )
      )
        return;
    }
    throw new Error(`${running.name} is not subscribed after ${SUBSCRIBED_MS_MAX / 1000} s`);
  } finally {
    prober.end(true);
  }
}
