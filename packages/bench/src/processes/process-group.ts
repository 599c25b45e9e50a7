import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TemporaryFolder, temporaryFolder } from '@humtemp/test-services';
import { BenchChild, type BenchChildOptions } from './bench-child.js';

const STOP_MS_MAX = 20_000;
const OUTPUT_KEPT = 1500;

/** A program that was started, by the name that it has in the tables. */
export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  /** Undefined while it runs; then why it does not, with its last words. */
  ended(): string | undefined;
}

const running = new Set<ChildProcess>();

/** Whatever this process ends of, what it started ends with it. */
export function endEverythingAtExit(): void {
  process.on('exit', () => {
    for (const child of running) child.kill('SIGKILL');
  });
  for (const [name, number] of [
    ['SIGHUP', 1],
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const)
    process.on(name, () => process.exit(128 + number));
}

/** The processes of one measurement, and the folders they write to. */
export class ProcessGroup {
  readonly #children: ChildProcess[] = [];
  readonly #programs: RunningProcess[] = [];
  readonly #folders: TemporaryFolder[] = [];

  /** Starts a program. It has none of the HUMTEMP_ variables of this process, only those given. */
  spawn(
    name: string,
    program: string,
    args: readonly string[],
    env: Record<string, string> = {},
  ): RunningProcess {
    const child = spawn(program, args, {
      env: { ...withoutOurs(process.env), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-OUTPUT_KEPT);
      });
    let ended: string | undefined;
    child.on('error', (error) => {
      ended = `${name} does not start: ${error.message}`;
    });
    child.on('exit', (code, signal) => {
      ended = `${name} ended with ${signal ?? code}:\n${output}`;
    });
    this.#add(child);
    const started = { name, pid: child.pid ?? 0, ended: () => ended };
    this.#programs.push(started);
    return started;
  }

  /** Starts a process of the bench itself. @param options of `BenchChild`. */
  startChild(role: string, args: object, options: BenchChildOptions = {}): BenchChild {
    const child = new BenchChild(role, args, options);
    this.#add(child.process);
    return child;
  }

  /** Of the programs that do not run, why. */
  ended(): string[] {
    return this.#programs.map((program) => program.ended()).filter((reason) => reason !== undefined);
  }

  /** An error with the last words of the programs that do not run. */
  async explained(error: unknown): Promise<Error> {
    // A process that died is known to have a moment after its connections.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const reasons = [error instanceof Error ? error.message : String(error), ...this.ended()];
    return new Error([...new Set(reasons)].join('\n'), { cause: error });
  }

  /** All that there are so far. */
  get folders(): readonly string[] {
    return this.#folders.map(({ path }) => path);
  }

  /** An empty folder, until the group is stopped. */
  async folder(): Promise<string> {
    const folder = await temporaryFolder('bench');
    this.#folders.push(folder);
    return folder.path;
  }

  /** SIGTERM for each, the last first, and SIGKILL for what does not obey. */
  async stop(): Promise<void> {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const limit = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
      await exited;
      clearTimeout(limit);
    }
    for (const folder of this.#folders) await folder.remove();
  }

  #add(child: ChildProcess): void {
    running.add(child);
    this.#children.push(child);
    child.once('exit', () => running.delete(child));
  }
}

function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('HUMTEMP_')));
}
