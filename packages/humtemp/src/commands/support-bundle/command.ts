import { readFileSync, writeFileSync } from 'node:fs';
import { isRole, ROLES } from '../../config/role.js';
import { StartError } from '../../start-error.js';
import { commandArguments } from '../command-arguments.js';
import { supportBundle } from './bundle.js';

export const SUPPORT_BUNDLE_HELP = `humtemp support-bundle [FILE]: writes one JSON file for whoever is to find out what is wrong

In it: the configuration, versions, what humtemp doctor finds, the process and its metrics, what the store has counted and
the end of the log. Not in it: passwords, keys, tokens, hashes, and what labs have measured. Look at it before you send it on.
Run it as the user, and with the environment, of the process that it is about. FILE is humtemp-support.json by default,
- is standard output.

  --role ROLE        start (the default), broker, worker or api
  --url URL          where the process answers (default: HUMTEMP_HEALTH_PORT, or the API)
  --token-file FILE  a file with a token of the API, if it asks for one
  --log FILE         the log (default: the journal of the systemd unit humtemp)

  humtemp support-bundle --log humtemp.log
`;

/** Runs `humtemp support-bundle`. @throws StartError with a message for the person who started it. */
export async function supportBundleCommand(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(SUPPORT_BUNDLE_HELP);
    return;
  }
  const { values, positionals } = commandArguments('support-bundle', argv, {
    role: { type: 'string' },
    url: { type: 'string' },
    'token-file': { type: 'string' },
    log: { type: 'string' },
  });
  const [file = 'humtemp-support.json', second] = positionals;
  if (second !== undefined) throw new StartError(`one file at a time: ${file} or ${second}`);
  const { role = 'start', url, log } = values;
  if (!isRole(role)) throw new StartError(`no such role: ${role}; expected ${ROLES.join(', ')}`);
  if (url !== undefined && !/^https?:\/\/[^/]/.test(url))
    throw new StartError(`--url ${url}: expected http:// or https:// with a host`);
  const token = values['token-file'] === undefined ? undefined : textIn(values['token-file']);
  const bundle = await supportBundle(env, { role, url, token, logFile: log, nowMs: Date.now() });
  const text = `${JSON.stringify(bundle, null, 2)}\n`;
  if (file === '-') process.stdout.write(text);
  else write(file, text);
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { mode: 0o600 });
  } catch (error) {
    throw new StartError((error as Error).message, { cause: error });
  }
  process.stdout.write(`${file}: written, ${text.length} bytes. Look at it before you send it on.\n`);
}

function textIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new StartError(`--token-file ${file}: ${(error as Error).message}`, { cause: error });
  }
}
