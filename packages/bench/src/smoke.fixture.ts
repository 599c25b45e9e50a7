import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from '@humtemp/test-services';
import type { Report } from './scenario.js';

export const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** For tests that look at processes: why they are skipped, if they are. */
export const withoutProc = existsSync('/proc/self/stat') ? false : 'there is no /proc';

/** For scenarios whose parts others run, too: why they are skipped, if they are. `HUMTEMP_TEST_BENCH=all` runs them. */
export const unlessAsked =
  process.env.HUMTEMP_TEST_BENCH === 'all' ? false : 'only with HUMTEMP_TEST_BENCH=all';

/** Runs one scenario, small, through the command line. What it printed is what its JSON file says, and nothing failed. */
export async function smoke(name: string, ...more: readonly string[]): Promise<Report> {
  const folder = await temporaryFolder();
  const json = join(folder.path, 'bench.json');
  try {
    const args = [MAIN, name, '--size', 'smoke', '--json', json, ...more];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 240_000 });
    const { scenarios } = JSON.parse(readFileSync(json, 'utf8')) as { scenarios: Record<string, Report> };
    const report = scenarios[name]!;
    for (const row of report.rows) assert.ok(stdout.includes(`| ${row.join(' | ')} |`), stdout);
    assert.deepEqual(report.failures, []);
    return report;
  } finally {
    await folder.remove();
  }
}

/** Undefined: the peer was left out. */
export function roundsOf<T>({ figures }: Report, peer: string): readonly T[] | undefined {
  const { turns } = figures as { turns: readonly { peer: string; rounds: readonly T[] }[] };
  return turns.find((turn) => turn.peer === peer)?.rounds;
}

export function assertLeftOut({ notes }: Report, peer: string): void {
  assert.ok(
    notes.some((note) => note.startsWith(`${peer}: left out`)),
    notes.join('\n'),
  );
}
