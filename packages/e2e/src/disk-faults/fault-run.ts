import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { ContentModel, contentOf, differenceWithin } from './content-model.js';
import { batchMs, FAULT_OPTIONS, plannedRows } from './fault-plan.js';

/** What the disk refuses, in the terms of failing-disk.c. */
export interface DiskFault {
  readonly call: 'write' | 'sync' | 'rename' | 'open' | 'read' | 'unlink' | 'any';
  readonly at: number;
  readonly mode: 'once' | 'forever' | 'short';
  /** Name of the error. */
  readonly error: keyof typeof ERRNO;
}

const ERRNO = { EIO: 5, ENOSPC: 28, EROFS: 30, EDQUOT: 122 } as const;

export interface WriterRun {
  /** The last batch that was sent, and acknowledged; −1: none. */
  readonly sent: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly readsRight: number;
  readonly readsFailed: number;
  readonly wrong: readonly string[];
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly wasKilled: boolean;
  readonly log: string;
  readonly hit: boolean;
}

/** With the sources, or with what was built of them. */
const WRITER = fileURLToPath(new URL(`faulty-writer${import.meta.url.slice(-3)}`, import.meta.url));

/** Runs a writer until it ends, is stuck, or has acknowledged batch `killAfter`; then it is killed. */
export function runWriter(options: {
  readonly library: string;
  readonly folder: string;
  readonly baseMs: number;
  readonly seed: number;
  readonly first: number;
  readonly last: number;
  readonly killAfter?: number;
  readonly fault?: DiskFault;
  readonly env?: Readonly<Record<string, string>>;
}): Promise<WriterRun> {
  const { library, folder, baseMs, seed, first, last, killAfter = Number.POSITIVE_INFINITY, fault } = options;
  const args = [...process.execArgv.filter((arg) => !arg.startsWith('--test')), WRITER];
  const child = spawn(process.execPath, [...args, folder, ...[baseMs, seed, first, last].map(String)], {
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      UV_USE_IO_URING: '0',
      LD_PRELOAD: library,
      FAULT_FOLDER: folder,
      ...(fault && {
        FAULT_CALL: fault.call,
        FAULT_AT: `${fault.at}`,
        FAULT_MODE: fault.mode,
        FAULT_ERRNO: `${ERRNO[fault.error]}`,
      }),
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const run = { sent: first - 1, acknowledged: first - 1, failed: 0, readsRight: 0, readsFailed: 0 };
  const wrong: string[] = [];
  let log = '';
  let rest = '';
  let wasKilled = false;
  child.stderr.on('data', (bytes: Buffer) => {
    log += bytes.toString();
  });
  const kill = () => {
    wasKilled = true;
    child.kill('SIGKILL');
  };
  child.stdout.on('data', (bytes: Buffer) => {
    const lines = (rest + bytes.toString()).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      const [word, number] = line.split(' ');
      if (word === 'sent') run.sent = Number(number);
      else if (word === 'acknowledged') run.acknowledged = Number(number);
      else if (word === 'failed') run.failed += 1;
      else if (line === 'read') run.readsRight += 1;
      else if (line === 'read failed') run.readsFailed += 1;
      else if (word === 'WRONG') wrong.push(line);
      if (line === 'stuck' || run.acknowledged >= killAfter) kill();
    }
  });
  const timer = setTimeout(() => {
    log += 'the campaign has waited for a minute\n';
    kill();
  }, 60_000);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ ...run, wrong, code, signal, wasKilled, log, hit: log.includes('{"fault"') });
    });
  });
}

/**
 * Opens what a writer has left behind, on a disk that works, and holds it against what was sent: all that was
 * acknowledged, and of the batch that was on its way all or nothing of each lab.
 * @returns what is wrong; undefined: nothing is
 */
export async function checkLeft(
  folder: string,
  { baseMs, seed }: { readonly baseMs: number; readonly seed: number },
  { sent, acknowledged }: Pick<WriterRun, 'sent' | 'acknowledged'>,
): Promise<string | undefined> {
  const model = new ContentModel();
  for (let k = 0; k <= acknowledged; k++) model.add(plannedRows(baseMs, seed, k));
  const nowMs = batchMs(baseMs, Math.max(sent, 0));
  const faults: string[] = [];
  let store: EmbeddedStore;
  try {
    store = await EmbeddedStore.open({
      ...FAULT_OPTIONS,
      dataDir: folder,
      onFault: ({ key, reason }) => faults.push(`${key}: ${reason}`),
    });
  } catch (error) {
    return `it is refused: ${(error as Error).message}`;
  }
  try {
    const held = await contentOf(store, nowMs);
    const without = model.content(nowMs);
    const countedMin = model.observations;
    if (sent > acknowledged) model.add(plannedRows(baseMs, seed, sent));
    const difference = differenceWithin(held, without, model.content(nowMs));
    if (difference !== undefined) return difference;
    if (faults.length > 0) return `faults: ${faults[0]}`;
    const counted = (await store.counted()).reduce((sum, { committed }) => sum + committed, 0);
    if (counted < countedMin || counted > model.observations)
      return `the books count ${counted}, but ${countedMin} to ${model.observations} were`;
    return undefined;
  } finally {
    await store.close();
  }
}
