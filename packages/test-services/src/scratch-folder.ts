import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signalGroup } from './process-signal.js';

/**
 * The one folder of this test process. It holds every temporary folder and a note (an empty file) for every
 * server that runs:
 *
 *     humtemp-test-XXXXXX/
 *       process-groups/<pid>      servers started as processes
 *       containers/<id>           servers started as containers
 *       ...                       temporary folders
 *
 * A test process may end in ways that run no code of ours: SIGTERM from the test runner's time limit, SIGKILL.
 * So a small shell, the guard, holds the other end of a pipe, sees it close, ends what is noted and removes the folder.
 */
const guardScript = `
trap '' HUP INT TERM
cat >/dev/null
for note in "$1"/process-groups/*; do [ -e "$note" ] && kill -s KILL -- "-\${note##*/}"; done
for note in "$1"/containers/*; do [ -e "$note" ] && docker rm --force --volumes "\${note##*/}"; done
rm -rf "$1"
`;

export type NoteKind = 'process-groups' | 'containers';

let scratch: { readonly path: string; readonly guard: ChildProcess } | undefined;
const processGroups = new Set<string>();

/** Path of the scratch folder, made when first asked for. */
export function scratchFolder(): string {
  if (scratch) return scratch.path;
  const path = mkdtempSync(join(tmpdir(), 'humtemp-test-'));
  mkdirSync(join(path, 'process-groups'));
  mkdirSync(join(path, 'containers'));
  // In a session of its own, so that Ctrl-C ends the tests and not their guard.
  const guard = spawn('/bin/sh', ['-c', guardScript, 'humtemp-test-guard', path], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  scratch = { path, guard };
  // The guard would do the same a moment later; then the next test file could meet these servers.
  process.on('exit', () => {
    for (const group of processGroups) signalGroup(Number(group), 'SIGKILL');
  });
  return path;
}

/** Notes a running server, so that it does not outlive this process. */
export function note(kind: NoteKind, id: string): void {
  writeFileSync(join(scratchFolder(), kind, id), '');
  if (kind === 'process-groups') processGroups.add(id);
}

/** Takes a note back: the server is gone, and its id may soon mean something else. */
export function unnote(kind: NoteKind, id: string): void {
  rmSync(join(scratchFolder(), kind, id), { force: true });
  if (kind === 'process-groups') processGroups.delete(id);
}
