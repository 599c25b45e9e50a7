import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findProgram } from '../processes/find-program.js';

const run = promisify(execFile);

const SOURCE = fileURLToPath(new URL('../../native/sensors.c', import.meta.url));

export interface SensorsWanted {
  readonly port: number;
  readonly connections: number;
  /** Publishes in flight of each. */
  readonly window: number;
  readonly seconds: number;
  readonly labs: number;
  /** Publishes in a second of all together, by turns; 0: each as soon as its last is acknowledged. */
  readonly perS: number;
}

export interface SensorsDone {
  readonly acknowledged: number;
  readonly seconds: number;
  /** CPU time of the load itself. */
  readonly cpuSeconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A compiler for C; undefined: there is none here. */
export const COMPILER = findProgram('cc') ?? findProgram('gcc');

/** Compiles the load in C. @returns its path within the folder. */
export async function compileSensors(compiler: string, folder: string): Promise<string> {
  const program = join(folder, 'sensors');
  await run(compiler, ['-O2', '-o', program, SOURCE]);
  return program;
}

/** Runs the load, to its end. `onReady` is called when all are connected. */
export async function runSensors(
  program: string,
  { port, connections, window, seconds, labs, perS }: SensorsWanted,
  onReady: () => void,
): Promise<SensorsDone> {
  const rate = perS > 0 ? [perS] : [];
  const running = run(program, [port, connections, window, seconds, labs, ...rate].map(String), {
    timeout: (seconds + OPENING_S_MAX) * 1000,
  });
  running.child.stdout?.once('data', onReady);
  const { stdout } = await running;
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as SensorsDone;
}

const OPENING_S_MAX = 60;
