import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ConsumerName } from './consumers.js';

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));

/** One consumer against the frame source: each in a process of its own. */
export interface Measured {
  readonly publishesPerS: number;
  readonly cpuUsPerPublish: number;
}

export async function measureConsumer(
  name: ConsumerName,
  count: number,
  labs: number,
  redisUrl = '',
  nodeOptions: readonly string[] = [],
): Promise<Measured> {
  const source = child(['source', `${count}`, `${labs}`]);
  const port = await said(source, 'port');
  const consumer = child(['consumer', name, `${port}`, redisUrl], nodeOptions);
  const [seconds, cpuUs] = await Promise.all([said(source, 'seconds'), said(consumer, 'cpu-us')]);
  return { publishesPerS: count / seconds, cpuUsPerPublish: cpuUs / count };
}

function child(args: readonly string[], nodeOptions: readonly string[] = []): ChildProcess {
  return spawn(process.execPath, [...nodeOptions, CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The number behind a word that the child prints. @throws if it ends without. */
function said(process: ChildProcess, word: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: process.stdout! });
    lines.on('line', (line) => {
      if (line.startsWith(`${word} `)) resolve(Number(line.slice(word.length + 1)));
    });
    lines.on('close', () => reject(new Error(`a child ended without its ${word}`)));
  });
}
