// Installs what is declared, if that has not been done. Without a change it needs no network.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { contentOf, ROOT, readStamp, writeStamp } from './workspace.js';

const PNPM = 'pnpm@12.21.0';
const STAMP = join(ROOT, 'node_modules', '.humtemp-installed');

/** npm waits for minutes by default before it says that a registry does not answer. */
const IMPATIENT = {
  npm_config_fetch_retries: '1',
  npm_config_fetch_retry_mintimeout: '1000',
  npm_config_fetch_timeout: '60000',
  npm_config_update_notifier: 'false',
};

/** Why something could not be prepared, with the whole output of what failed. */
export class PrepareError extends Error {}

/**
 * @param {'run' | 'all'} wanted only what runs and builds the command, or the developers' tools as well.
 * @param {(line: string) => void} say is called once, if there is something to do.
 */
export function install(wanted, say) {
  const stamp = readStamp(STAMP);
  const declared = contentOf(declarations());
  // Whoever has the tools of developers keeps them.
  const scope = existsSync(join(ROOT, 'node_modules', 'typescript')) ? 'all' : wanted;
  if (stamp?.declared === declared && (scope === 'run' || stamp.scope === 'all')) return;
  say(
    scope === 'run'
      ? 'humtemp: installing what it runs on, once (some 100 MB) …'
      : 'humtemp: installing what it runs on and the tools of developers (some 300 MB) …',
  );
  const what =
    scope === 'run' ? ['--prod', '--filter-prod', 'humtemp...', '--filter', 'humtemp-workspace'] : [];
  pnpm(['install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only', ...what]);
  writeStamp(STAMP, { scope, declared });
}

/** Everything that decides what is installed. */
function declarations() {
  const manifests = readdirSync(join(ROOT, 'packages')).map((name) => join('packages', name, 'package.json'));
  return ['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml', ...manifests.sort()].map((file) =>
    join(ROOT, file),
  );
}

/** Runs the pinned pnpm, which nobody has to install. @param {string[]} args @throws PrepareError */
export function pnpm(args) {
  const command = ['npx', '--yes', '--prefer-offline', PNPM, ...args];
  const { status, signal, error, stdout, stderr } = spawnSync(command[0], command.slice(1), {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...IMPATIENT, CI: 'true', ...process.env },
  });
  if (status === 0) return;
  const end =
    error?.message ?? (signal === null ? `it ended with exit code ${status}` : `${signal} ended it`);
  throw new PrepareError(
    `${stdout ?? ''}${stderr ?? ''}
humtemp: could not install: ${end}.
  ${command.join(' ')}
The lines above say why. The first start, and the first after an upgrade, need the npm registry, or a proxy for it
(npm config get registry). Later starts need no network.`,
  );
}
