import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { COMMAND } from '../humtemp-process.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const run = promisify(execFile);

/** A humtemp that can be started. */
export interface Version {
  readonly name: 'old' | 'new';
  readonly command: string;
}

export const NEW: Version = { name: 'new', command: COMMAND };

/** The sources of a revision, installed and built in a folder. @throws with the output of what failed */
export async function oldVersion(revision: string, folder: string): Promise<Version> {
  const into = join(folder, 'old');
  mkdirSync(into);
  await run('bash', ['-c', `git archive '${revision}' | tar x -C '${into}'`], { cwd: ROOT });
  await run('node', ['packages/humtemp/from-source/setup.js'], { cwd: into });
  await run('npm', ['run', '--silent', 'build'], { cwd: into });
  return { name: 'old', command: join(into, 'packages/humtemp/bin/humtemp.js') };
}
