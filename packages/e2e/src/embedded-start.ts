import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LedgerCounters } from '@humtemp/bucket-core';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { temporaryFolder } from '@humtemp/test-services';
import { EMBEDDED_GRID } from './default-grid.js';
import { freePorts, HumtempProcess, type Ports } from './humtemp-process.js';
import { checkExact, type Verdict } from './oracle.js';
import type { LabRecord } from './recorded-load.js';

const RECEIVED_MS_MAX = 240_000;

/** What `GET /labs/{lab_id}` says, as far as tests look at it. */
export interface LabReport {
  readonly current: BucketReport | null;
  readonly previous: BucketReport | null;
}

interface BucketReport {
  readonly observations: number;
  readonly temp: MetricReport;
  readonly humidity: MetricReport;
}

interface MetricReport {
  readonly count: number;
  readonly avg: number | null;
  readonly min: number | null;
  readonly max: number | null;
}

/**
 * `humtemp start` as it comes, with the embedded broker and the embedded store, on a folder of its own:
 *
 *     stopped ──start──▶ running ──kill, stop──▶ stopped,  any ──close──▶ closed
 *
 * Ports and data stay the same over all its starts.
 */
export class EmbeddedStart {
  /** The process of the latest start. */
  process: HumtempProcess;
  readonly #processes: HumtempProcess[] = [];

  private constructor(
    readonly ports: Ports,
    readonly dataDir: string,
    readonly env: Readonly<Record<string, string>>,
    readonly removeFolder: () => Promise<void>,
    command?: string,
  ) {
    this.process = this.launch(command);
  }

  /** Started and ready. `dataDir` names another folder than a new one, `command` another than that of this clone. */
  static async open(
    env: Readonly<Record<string, string>> = {},
    dataDir?: string,
    command?: string,
  ): Promise<EmbeddedStart> {
    const folder = await temporaryFolder('humtemp-start');
    const start = new EmbeddedStart(
      await freePorts(),
      dataDir ?? join(folder.path, 'data'),
      env,
      () => folder.remove(),
      command,
    );
    try {
      await start.ready();
    } catch (error) {
      await start.close();
      throw error;
    }
    return start;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.ports.mqtt}`;
  }

  /** What all its processes said on standard error, for the message of a failed test. */
  get log(): string {
    return this.#processes.map(({ stderr }) => stderr).join('--- the next start ---\n');
  }

  /** Starts a stopped one; returns at once. `command` names another than that of this clone. */
  launch(command?: string): HumtempProcess {
    const env = { ...this.ports.env, HUMTEMP_DATA_DIR: this.dataDir, ...this.env };
    this.process = new HumtempProcess(['start'], env, command);
    this.#processes.push(this.process);
    return this.process;
  }

  ready(): Promise<void> {
    return this.process.ready(this.ports.baseUrl);
  }

  async restart(command?: string): Promise<void> {
    this.launch(command);
    await this.ready();
  }

  /** SIGKILL; the signal is sent at once. */
  kill(): Promise<void> {
    return this.process.kill();
  }

  /** SIGTERM. It must end well, with a ledger that balances. */
  stop(): Promise<LedgerCounters> {
    return this.process.stop();
  }

  /** The body of a GET. @throws when the answer is no success. */
  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.ports.baseUrl}${path}`);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Observations of a lab in its current and its previous bucket; 0 if it is not known. */
  async countOf(lab: string): Promise<number> {
    const response = await fetch(`${this.ports.baseUrl}/labs/${lab}`);
    if (response.status === 404) return 0;
    const { current, previous } = (await response.json()) as LabReport;
    return (current?.observations ?? 0) + (previous?.observations ?? 0);
  }

  /** Publishes taken by this process, as its ledger counts them. */
  async received(): Promise<number> {
    return (await this.get<{ received: number }>('/ledger')).received;
  }

  /** Resolves once this process has taken so many. @throws when it does not for long. */
  async untilReceived(count: number): Promise<void> {
    const deadlineMs = Date.now() + RECEIVED_MS_MAX;
    for (let received = 0; received < count; received = await this.received()) {
      if (Date.now() > deadlineMs) throw new Error(`received ${received} of ${count}`);
      await pause(20);
    }
  }

  /** Holds every bucket of every lab and resolution against the record. Nothing may be running. */
  async checkExact(record: ReadonlyMap<string, LabRecord>): Promise<Verdict> {
    const store = await EmbeddedStore.open({
      grid: EMBEDDED_GRID,
      deduplicationHorizonS: 172_800,
      labsMax: 1_000_000,
      rejectionsMax: 1000,
      dataDir: this.dataDir,
    });
    try {
      return await checkExact(record, store);
    } finally {
      await store.close();
    }
  }

  async close(): Promise<void> {
    await this.kill();
    await this.removeFolder();
  }
}
