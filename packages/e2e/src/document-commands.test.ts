import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type TemporaryFolder, temporaryFolder } from '@humtemp/test-services';
import { COMMAND, freePorts, HumtempProcess } from './humtemp-process.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DOCUMENTS = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));

/**
 * Of these only the words are looked at, and why. readme.e2e.test.ts runs what the README has, devices-document.test.ts what
 * devices.md has, document-files.e2e.test.ts what needs a system that is set up for it.
 */
const NOT_RUN: Readonly<Record<string, string>> = {
  docker: 'it needs a Docker engine; npm run containers runs the same',
  kubectl: 'it needs a cluster',
  helm: 'it needs a cluster',
  aws: 'it needs an account',
  npx: 'it needs an account',
  sudo: 'it changes the machine',
  scp: 'it needs another machine',
  ssh: 'it needs another machine',
  mosquitto_pub: 'the README has it too',
  cd: 'it belongs to the line behind it',
  node: 'it belongs to the line before it',
};

/** Scripts of deploy/aws. */
const OF_AWS: ReadonlySet<string> = new Set(
  Object.keys(
    (JSON.parse(readFileSync(join(ROOT, 'deploy/aws/package.json'), 'utf8')) as { scripts: object }).scripts,
  ),
);

interface Command {
  readonly document: string;
  readonly words: readonly string[];
  readonly text: string;
  /** What the document shows behind it. */
  readonly output: string;
}

/** Commands behind a `$`, without those of the block that continue a text. */
function commandsIn(document: string): Command[] {
  const blocks = [...readFileSync(join(ROOT, 'docs', document), 'utf8').matchAll(/^```\w*\n(.*?)^```$/gms)];
  return blocks.flatMap(([, block]) =>
    block!
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [text, ...lines] = part.split('\n') as [string, ...string[]];
        const words = [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
          ([, single, double, bare]) => single ?? double ?? bare!,
        );
        return { document, words, text, output: lines.join('\n') };
      }),
  );
}

const commands = DOCUMENTS.flatMap(commandsIn);

/** The arguments of humtemp in a command, however it is called; undefined if it is none of humtemp's. */
function argumentsOf({ words }: Command): readonly string[] | undefined {
  const rest = words.slice(words.findIndex((word) => !/^HUMTEMP_\w+=/.test(word)));
  if (rest[0] === 'humtemp') return rest.slice(1);
  const isOurs = rest[0] === 'npm' && rest.includes('humtemp') && rest.includes('--');
  return isOurs ? rest.slice(rest.indexOf('--') + 1) : undefined;
}

/** What `humtemp COMMAND --help` prints, for each, from one process. */
function helpOf(names: readonly string[]): Readonly<Record<string, string>> {
  const script = `const { main } = await import(process.argv[1]);
    for (const name of process.argv.slice(2)) { console.log('\\x00' + name); await main([name, '--help'], {}); }`;
  const main = join(COMMAND, '../../dist/main.js');
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', script, main, ...names],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  const parts = stdout.split('\0').slice(1);
  return Object.fromEntries(
    parts.map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]),
  );
}

/** The names of the fields of an answer, or of the first element of a list; undefined if it is not whole, or empty. */
function fieldsOf(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === 'object' && first !== null ? Object.keys(first).sort() : undefined;
  } catch {
    return undefined;
  }
}

describe('what the documents show can be typed', () => {
  let folder: TemporaryFolder;
  let humtemp: HumtempProcess;
  let ports: Awaited<ReturnType<typeof freePorts>>;

  before(async () => {
    folder = await temporaryFolder('document-commands');
    ports = await freePorts();
    humtemp = new HumtempProcess(['start'], {
      ...ports.env,
      HUMTEMP_DATA_DIR: join(folder.path, 'data'),
      HUMTEMP_SOURCES: 'labs,zigbee2mqtt',
    });
    await humtemp.ready(ports.baseUrl);
    for (const lab_id of ['library-20', 'hall', 'fridge']) {
      const body = JSON.stringify({ lab_id, temp: 4.5, humidity: 50 });
      await fetch(`${ports.baseUrl}/observation`, { method: 'POST', body });
    }
  });

  after(async () => {
    await humtemp.stop();
    await folder.remove();
  });

  test('each request is answered as the document shows: well, or with the status that it has', async () => {
    const requests = commands.filter(({ words, text }) => words[0] === 'curl' && !text.includes('-N'));
    assert.ok(requests.length > 20);
    for (const command of requests) {
      const { words, output, document, text } = command;
      const url = words.find((word) => word.startsWith('http://127.0.0.1:8000'))!;
      const body = words[words.indexOf('-d') + 1];
      const response = await fetch(url.replace('http://127.0.0.1:8000', ports.baseUrl), {
        ...(words.includes('-d') && { method: 'POST', body: body! }),
      });
      const answer = await response.text();
      const shown = Number(/"status":(\d{3})/.exec(output)?.[1] ?? 200);
      // A process that is not ready cannot be had here, and times of the documents are past.
      const isGood = response.status === shown || (shown === 503 && response.ok) || /"expired"/.test(answer);
      assert.ok(isGood, `${document}: ${text}\n${response.status} ${answer}`);
      const [fields, shownFields] = [fieldsOf(answer), fieldsOf(output)];
      if (response.ok && shown === 200 && fields !== undefined && shownFields !== undefined)
        assert.deepEqual(fields, shownFields, `${document}: ${text}\n${answer}`);
    }
  });

  test('each command of humtemp exists, with its options', async () => {
    const ours = commands.flatMap((command) => {
      const [name, ...rest] = argumentsOf(command) ?? [];
      return name === undefined ? [] : [{ name, rest, where: `${command.document}: ${command.text}` }];
    });
    const helps = helpOf([...new Set(ours.map(({ name }) => name))]);
    for (const { name, rest, where } of ours) {
      const help = helps[name]!;
      assert.notEqual(help, '', where);
      for (const option of rest.filter((word) => word.startsWith('--')))
        assert.ok(help.includes(option.split('=')[0]!), where);
    }
  });

  test('each script of npm that a text names exists', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    for (const document of ['README.md', ...DOCUMENTS.map((name) => `docs/${name}`)])
      for (const [, name] of readFileSync(join(ROOT, document), 'utf8').matchAll(
        /\bnpm run (?:--silent )?([a-z][\w:-]*)/g,
      ))
        assert.ok(name! in scripts || OF_AWS.has(name!), `${document}: npm run ${name}`);
  });

  test('each script of npm and each variable exists; the rest says why it is not run', () => {
    const scripts = (folder: string) =>
      (JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as { scripts: object }).scripts;
    const configuration = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
    for (const command of commands) {
      const { words, text, document } = command;
      const where = `${document}: ${text}`;
      for (const word of words) {
        const variable = /^(HUMTEMP_\w+)=/.exec(word)?.[1];
        assert.ok(variable === undefined || configuration.includes(`\`${variable}\``), where);
        assert.ok(!/^(docs|docker|deploy)\//.test(word) || existsSync(join(ROOT, word)), where);
      }
      const typed = words.filter((word) => !/^[A-Z_]+=/.test(word));
      const [program, verb] = typed;
      if (program === undefined || program === 'curl' || argumentsOf(command) !== undefined) continue;
      if (program !== 'npm') {
        assert.ok(program in NOT_RUN, `${where}: nothing runs it`);
        continue;
      }
      const at = typed.indexOf('--prefix');
      const own = scripts(at === -1 ? '.' : typed[at + 1]!);
      const script = typed.slice(2).find((word) => !word.startsWith('--'));
      if (verb === 'run') assert.ok(script! in own, where);
      else assert.ok(['start', 'test', 'ci', 'install'].includes(verb!), where);
    }
  });
});
