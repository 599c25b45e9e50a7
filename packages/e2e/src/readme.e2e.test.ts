import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { midBucket, type TemporaryFolder, temporaryFolder } from '@humtemp/test-services';
import { COMMAND, freePorts, HumtempProcess } from './humtemp-process.js';

const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
const BLOCKS = [...README.matchAll(/^```\w*\n(.*?)^```$/gms)].map((match) => match[1]!);
/** It would need a Docker engine, or starts a process that does not end. */
const NOT_RUN = /docker compose|npm start|curl -N|^curl http:\/\/127\.0\.0\.1:8000\/ledger$/;
/** What differs from run to run. */
const TIMES = /^\d+\.\d s(, \d+\/s)?$/gm;

/** All of a run has the same, as in a terminal. */
const END = Math.floor(Date.now() / 1000);

interface Example {
  readonly command: string;
  readonly output: string;
}

/** Commands behind a `$`, each with what it prints, in the order of the README. */
const examples: Example[] = BLOCKS.flatMap((block) =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const [command, ...lines] = text.split('\n');
      return { command: command!, output: lines.join('\n').trim() };
    }),
);

describe('what the README shows is what one sees', () => {
  let folder: TemporaryFolder;
  let humtemp: HumtempProcess;
  let ports: Awaited<ReturnType<typeof freePorts>>;
  before(async () => {
    folder = await temporaryFolder('humtemp-readme');
    ports = await freePorts();
    const recording = BLOCKS.find((block) => block.startsWith('lab_id,timestamp'))!;
    await writeFile(join(folder.path, 'library.csv'), recording);
    humtemp = new HumtempProcess(['start'], {
      ...ports.env,
      ...midBucket().env,
      HUMTEMP_DATA_DIR: join(folder.path, 'data'),
    });
    await humtemp.ready(ports.baseUrl);
  });
  after(async () => {
    await humtemp.stop();
    await folder.remove();
  });

  test('the greeting', () => {
    const shown = BLOCKS.find((block) => block.includes('MQTT broker'))!;
    const pattern = shown
      .replace('/home/anna/.local/state/humtemp', join(folder.path, 'data'))
      .replaceAll('127.0.0.1:8000', `127.0.0.1:${ports.api}`)
      .replaceAll('127.0.0.1:1883', `127.0.0.1:${ports.mqtt}`)
      .replace('mosquitto_pub ', `mosquitto_pub -p ${ports.mqtt} `)
      .replace('npm run humtemp -- ', 'humtemp ');
    assert.equal(humtemp.stdout.trim(), pattern.trim());
  });

  const run = examples.filter(({ command }) => !NOT_RUN.test(command));
  for (const { command, output } of run)
    test(command, async (t) => {
      const shell = [
        `export HUMTEMP_MQTT_PORT=${ports.mqtt} HUMTEMP_API_PORT=${ports.api} end=${END}`,
        command
          .replaceAll('npm run --silent humtemp --', `node ${COMMAND}`)
          .replaceAll('127.0.0.1:8000', `127.0.0.1:${ports.api}`)
          .replaceAll('mosquitto_pub', `mosquitto_pub -p ${ports.mqtt}`)
          .replaceAll('curl ', 'curl -s '),
      ].join('\n');
      if (command === 'end=$(date +%s)') return;
      if (command.startsWith('mosquitto_pub') && !(await has('mosquitto_pub'))) {
        // What follows needs the observation.
        const body = JSON.stringify({ lab_id: 'library-20', temp: 22.08, humidity: 51.53 });
        await fetch(`${ports.baseUrl}/observation`, { method: 'POST', body });
        t.skip('this machine has no mosquitto_pub');
        return;
      }
      const { stdout, stderr } = await promisify(execFile)('bash', ['-c', shell], { cwd: folder.path }).catch(
        (error: { stdout: string; stderr: string }) => error,
      );
      if (output !== '') assert.equal(known(stdout + stderr), known(output));
    });

  test('most of the examples are run', () => {
    assert.ok(run.length >= 8, `${run.length}`);
  });
});

async function has(program: string): Promise<boolean> {
  return promisify(execFile)('which', [program]).then(
    () => true,
    () => false,
  );
}

function known(text: string): string {
  return text.replace(TIMES, '… s').trim();
}
