import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { imbalance, type LedgerCounters } from '@humtemp/bucket-core';
import { freePort, scratchFolder } from '@humtemp/test-services';
import { processTimes } from './process-times.js';

/** The compiled command. */
export const COMMAND = fileURLToPath(new URL('../../humtemp/bin/humtemp.js', import.meta.url));
/** Not counted: what the process waits for a core, while other work has them all. */
const READY_TIMEOUT_MS = 30_000;
/** Other work does not keep a core for longer than this. */
const CORE_TIMEOUT_MS = 240_000;
/** For one answer of `/readyz`. */
const ANSWER_TIMEOUT_MS = 5000;
/** Far more than a stop takes on the slowest machine: after this, it hangs. */
const STOP_TIMEOUT_MS = 120_000;

/** A finished run of the command. */
export interface FinishedRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the compiled command to its end. `env` holds the HUMTEMP_ variables; none are inherited. */
export async function runHumtemp(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<FinishedRun> {
  const run = new HumtempProcess(args, env);
  await run.exited();
  return { code: run.exitCode, stdout: run.stdout, stderr: run.stderr };
}

/** A run of the compiled command, which tests may stop, freeze and kill. */
export class HumtempProcess {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  /**
   * @param command another than that of this clone.
   * @param launcher what runs it, in front of it; it must become the process itself.
   */
  constructor(
    args: readonly string[],
    env: Record<string, string> = {},
    command = COMMAND,
    launcher: readonly string[] = [],
  ) {
    const [program, ...others] = [...launcher, process.execPath, command, ...args];
    this.#child = spawn(program!, others, {
      env: { ...withoutOurs(process.env), XDG_STATE_HOME: join(scratchFolder(), 'state'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this.#child);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.#exited = once(this.#child, 'close').then(() => running.delete(this.#child));
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async exited(): Promise<void> {
    await this.#exited;
  }

  /**
   * SIGTERM. It must end well, with a ledger that balances. One that does not end is killed, which is a
   * failure.
   */
  async stop(): Promise<LedgerCounters> {
    this.signal('SIGTERM');
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.signal('SIGKILL');
    }, STOP_TIMEOUT_MS);
    await this.exited();
    clearTimeout(timer);
    assert.ok(!isLate, `not ended ${STOP_TIMEOUT_MS} ms after SIGTERM:\n${this.stdout}${this.stderr}`);
    assert.equal(this.exitCode, 0, this.stderr);
    const line = this.stderr.split('\n').find((text) => text.includes('"msg":"stopped"'));
    assert.ok(line !== undefined, `no last word:\n${this.stderr}`);
    const { ledger } = JSON.parse(line) as { ledger: LedgerCounters };
    assert.equal(imbalance(ledger), 0, line);
    return ledger;
  }

  /** SIGKILL, as a crash. */
  async kill(): Promise<void> {
    if (this.exitCode !== null || this.#child.signalCode !== null) return;
    this.signal('SIGKILL');
    await this.exited();
  }

  /**
   * Resolves once the API at this base URL says that it is ready.
   * @throws with the output if it ends before, and with what it was doing if it takes too long.
   */
  async ready(baseUrl: string): Promise<void> {
    const startMs = Date.now();
    for (let answer = ''; ; ) {
      if (this.exitCode !== null) throw new Error(`exited with ${this.exitCode}:\n${this.stderr}`);
      try {
        const response = await fetch(`${baseUrl}/readyz`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
        if (response.ok) return;
        answer = `${response.status} ${await response.text()}`;
      } catch (error) {
        answer = String((error as Error).cause ?? error);
      }
      const waitedForCoreMs = Math.min(processTimes(this.pid)?.waitedForCoreMs ?? 0, CORE_TIMEOUT_MS);
      if (Date.now() - startMs - waitedForCoreMs > READY_TIMEOUT_MS)
        throw new Error(`not ready after ${Date.now() - startMs} ms; ${this.#doing(answer)}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** For the message of a failed test. */
  #doing(answer: string): string {
    const times = processTimes(this.pid);
    const where =
      times === undefined
        ? 'the process is gone or cannot be looked at'
        : `it ran for ${times.ranMs} ms and waited for a core for ${times.waitedForCoreMs} ms`;
    const load = loadavg().map((value) => value.toFixed(1));
    return `${where}; load ${load.join(' ')}; /readyz: ${answer}; it said:\n${this.stdout}${this.stderr}`;
  }
}

/** Where a start under test listens. */
export interface Ports {
  readonly mqtt: number;
  readonly api: number;
  readonly baseUrl: string;
  readonly env: Record<string, string>;
}

export async function freePorts(): Promise<Ports> {
  const [mqtt, api] = [await freePort(), await freePort()];
  return {
    mqtt,
    api,
    baseUrl: `http://127.0.0.1:${api}`,
    env: { HUMTEMP_MQTT_PORT: `${mqtt}`, HUMTEMP_API_PORT: `${api}` },
  };
}

const running = new Set<ChildProcess>();

// A test that fails must leave nothing running.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('HUMTEMP_')));
}
