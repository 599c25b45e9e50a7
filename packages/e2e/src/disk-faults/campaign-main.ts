import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { memoryFolder } from '@humtemp/test-services';
import { compileFailingDisk } from './failing-disk.js';
import { checkLeft, type DiskFault, runWriter } from './fault-run.js';

const HELP = `Lets the disk of an embedded store refuse one call after the other, and checks what is left.

Usage: npm run disk-faults -- [--runs 1000] [--seed N] [--batches 80]

Each run: what a killed writer has left on a disk that works; commits on one that refuses, kill -9; then every bucket is
held against what was acknowledged. The faulty calls go through all kinds, numbers and ways to fail in turn.
`;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    batches: { type: 'string', default: '80' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

const STARTS = 20;
const KINDS = ['write', 'sync', 'rename', 'open', 'unlink', 'read'] as const;
const WAYS: readonly Pick<DiskFault, 'mode' | 'error'>[] = [
  { mode: 'once', error: 'EIO' },
  { mode: 'forever', error: 'EIO' },
  { mode: 'once', error: 'ENOSPC' },
  { mode: 'forever', error: 'ENOSPC' },
  { mode: 'short', error: 'ENOSPC' },
  { mode: 'short', error: 'EIO' },
  { mode: 'forever', error: 'EROFS' },
  { mode: 'forever', error: 'EDQUOT' },
];

const runs = Number(values.runs);
const batches = Number(values.batches);
const folder = memoryFolder('humtemp-disk-faults');
const compiled = await compileFailingDisk(folder.path);
if ('reason' in compiled) throw new Error(compiled.reason);
const { library } = compiled;

/** How often a writer of so many batches makes each kind of call. */
async function countCalls(): Promise<Map<string, number>> {
  const counts = join(folder.path, 'counts');
  const data = join(folder.path, 'counted');
  const baseMs = Math.floor(Date.now() / 1000) * 1000 - 60_000;
  const first = await runWriter({
    library,
    folder: data,
    baseMs,
    seed: 1,
    first: 0,
    last: batches,
    killAfter: Math.floor(batches / 2),
  });
  await runWriter({
    library,
    folder: data,
    baseMs,
    seed: 1,
    first: first.acknowledged + 1,
    last: batches,
    env: { FAULT_COUNTS: counts },
  });
  rmSync(data, { recursive: true });
  const lines = readFileSync(counts, 'utf8').trim().split('\n');
  // A run is killed before its last batch.
  return new Map(lines.map((line) => [line.split(' ')[0]!, Math.floor(0.75 * Number(line.split(' ')[1]))]));
}

/** What killed writers have left. */
const starts: { from: string; sent: number; acknowledged: number; baseMs: number; seed: number }[] = [];
for (let i = 0; i < STARTS; i++) {
  const from = join(folder.path, `start-${i}`);
  const baseMs = Math.floor(Date.now() / 1000) * 1000 - 60_000;
  const seed = Number(values.seed) * 1009 + i;
  const killAfter = Math.floor(batches / 2) - i;
  const left = await runWriter({ library, folder: from, baseMs, seed, first: 0, last: batches, killAfter });
  starts.push({ from, sent: left.sent, acknowledged: left.acknowledged, baseMs, seed });
}

const calls = await countCalls();
process.stdout.write(`calls of one run: ${JSON.stringify(Object.fromEntries(calls))}\n`);
const table = new Map<
  string,
  { runs: number; hit: number; failedCommits: number; refused: number; ended: number; readsFailed: number }
>();
let bad = 0;
for (let i = 0; i < runs; i++) {
  const way = WAYS[Math.floor(i / KINDS.length) % WAYS.length]!;
  const call = way.mode === 'short' ? 'write' : KINDS[i % KINDS.length]!;
  const round = Math.floor(i / (KINDS.length * WAYS.length));
  const rounds = Math.ceil(runs / (KINDS.length * WAYS.length));
  const count = calls.get(call) ?? 1;
  // Spread over all of the calls, each round in other places.
  const at = 1 + (Math.floor(((round + (i % 97) / 97) / rounds) * count) % count);
  const fault: DiskFault = { call, at, ...way };
  const data = join(folder.path, `run-${i}`);
  const { from, sent, acknowledged, ...plan } = starts[i % starts.length]!;
  cpSync(from, data, { recursive: true });
  const under = await runWriter({
    ...plan,
    library,
    folder: data,
    first: acknowledged + 1,
    last: batches,
    killAfter: batches - (i % 20),
    fault,
  });
  const problems = [
    // If the writer sent nothing, what its predecessor sent last may be there.
    await checkLeft(data, plan, { ...under, sent: Math.max(sent, under.sent) }),
    ...under.wrong,
    under.signal !== null && !under.wasKilled ? `it died of ${under.signal}` : undefined,
    under.log.includes('waited for a minute') ? 'it hung' : undefined,
    under.code !== null && under.code !== 0 && !/(refused|fatal): /.test(under.log)
      ? `it ended with ${under.code} without a word`
      : undefined,
    under.failed > 0 && !under.log.includes('commit failed') ? 'a commit failed without a word' : undefined,
  ].filter((problem) => problem !== undefined);
  const name = `${call} ${way.mode} ${way.error}`;
  const row = table.get(name) ?? { runs: 0, hit: 0, failedCommits: 0, refused: 0, ended: 0, readsFailed: 0 };
  table.set(name, row);
  row.runs += 1;
  if (under.hit) row.hit += 1;
  if (under.failed > 0) row.failedCommits += 1;
  if (under.code === 2) row.refused += 1;
  if (under.code === 1) row.ended += 1;
  if (under.readsFailed > 0) row.readsFailed += 1;
  if (problems.length > 0) {
    bad += 1;
    process.stdout.write(
      `run ${i} seed ${plan.seed} ${JSON.stringify(fault)}: ${problems.join('; ')}\n${under.log.slice(-1500)}\n`,
    );
  } else rmSync(data, { recursive: true });
  if ((i + 1) % 100 === 0) process.stdout.write(`${i + 1} runs, ${bad} bad\n`);
}
process.stdout.write(
  `\n| fault | runs | it struck | commits failed | start refused | ended with 1 | reads threw |\n|---|---|---|---|---|---|---|\n`,
);
for (const [name, row] of table)
  process.stdout.write(
    `| ${name} | ${row.runs} | ${row.hit} | ${row.failedCommits} | ${row.refused} | ${row.ended} | ${row.readsFailed} |\n`,
  );
process.stdout.write(`\n${runs} runs, ${bad} bad\n`);
if (bad === 0) folder.remove();
else process.stdout.write(`what they left is in ${folder.path}\n`);
process.exitCode = bad === 0 ? 0 : 1;
