import { imbalance, type LedgerCounters, REJECTION_REASONS, type StoreFigures } from '@humtemp/bucket-core';
import type { Distribution } from '@humtemp/intake';
import { Counter, Gauge, type Registry } from 'prom-client';
import { within } from '../http/deadline.js';
import type { RequestCount } from '../http/request-counts.js';
import type { StreamCounters } from '../stream/live-streams.js';
import { histogram } from './histogram.js';

/** Room on a disk, in bytes. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

/** Commits since the start. */
export interface CommitFigures {
  readonly succeeded: number;
  readonly failed: number;
  readonly seconds: Distribution;
  readonly observations: Distribution;
}

/** Where the values come from; what a process does not have is left out. */
export interface HumtempMetricsSources {
  readonly ledger: () => LedgerCounters;
  readonly commits: CommitFigures;
  /** Open now, by what they speak: mqtt, http. */
  readonly connections: () => Readonly<Record<string, number>>;
  /** Rejects when the store cannot take a commit now. */
  readonly pingStore: () => Promise<void>;
  readonly streams?: () => StreamCounters;
  /** When the oldest observation came that awaits its commit, Unix milliseconds. */
  readonly oldestUncommittedMs?: () => number | undefined;
  /** How old the newest observation of the last commit was then, milliseconds; 0 where none was made of late. */
  readonly lagMs?: () => number;
  /** Answers of the API since the start. */
  readonly requests?: () => Iterable<RequestCount>;
  /** Room on the disk of the store; undefined where the store has none of its own. */
  readonly disk?: () => DiskSpace | undefined;
  /** Unix milliseconds. */
  readonly clock: () => number;
  /** Stored values that could not be read since the start. */
  readonly faults?: () => number;
  /** What the store says of itself. */
  readonly storeFigures?: () => StoreFigures;
  /** Sessions that the embedded broker keeps; undefined where there is none. */
  readonly sessions?: () => { readonly connected: number; readonly away: number } | undefined;
  readonly version?: string;
  readonly role?: string;
  /** What the embedded broker dropped or refused since the start, by what it was. */
  readonly brokerDrops?: () => Readonly<Record<string, number>>;
}

/** A scrape has about 10 s. */
const PING_MS_MAX = 2000;

type Value = () => number;

function makers(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string, value: Value) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  const gauge = (name: string, help: string, value: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await value());
      },
    });
  return { registers, counter, gauge };
}

/** The fate of every observation that this process received. */
export function observationMetrics(registry: Registry, sources: HumtempMetricsSources): void {
  const { ledger, commits, oldestUncommittedMs, lagMs, clock } = sources;
  const { registers, counter, gauge } = makers(registry);
  counter('humtemp_observations_received_total', 'Observations received.', () => ledger().received);
  counter(
    'humtemp_observations_committed_total',
    'Observations counted in their buckets.',
    () => ledger().committed,
  );
  counter(
    'humtemp_observations_duplicate_total',
    'Observations that were counted before.',
    () => ledger().duplicate,
  );
  new Counter({
    name: 'humtemp_observations_rejected_total',
    help: 'What was received and is no observation, by reason.',
    labelNames: ['reason'],
    registers,
    collect() {
      const { rejected } = ledger();
      this.reset();
      for (const reason of REJECTION_REASONS) this.inc({ reason }, rejected[reason] ?? 0);
    },
  });
  gauge('humtemp_observations_in_flight', 'Observations that await their commit.', () => ledger().in_flight);
  gauge('humtemp_ledger_imbalance', 'Received less every fate and those in flight: 0.', () =>
    imbalance(ledger()),
  );
  counter('humtemp_commits_total', 'Commits that succeeded.', () => commits.succeeded);
  counter('humtemp_commit_failures_total', 'Commits that failed and were tried again.', () => commits.failed);
  histogram(
    registry,
    'humtemp_commit_duration_seconds',
    'How long each commit took, those that failed included.',
    commits.seconds,
  );
  histogram(
    registry,
    'humtemp_commit_observations',
    'How many observations each commit had that succeeded.',
    commits.observations,
  );
  gauge(
    'humtemp_oldest_uncommitted_seconds',
    'How long the oldest observation that awaits its commit has waited; 0: none does.',
    () => Math.max(0, clock() - (oldestUncommittedMs?.() ?? clock())) / 1000,
  );
  gauge(
    'humtemp_lag_seconds',
    'How old the newest observation of the last commit was then; 0 after a minute without one.',
    () => (lagMs?.() ?? 0) / 1000,
  );
}

/** What the work of this process hangs on. */
export function humtempMetrics(registry: Registry, sources: HumtempMetricsSources): void {
  const { connections, pingStore, streams, brokerDrops, faults, requests, disk, sessions } = sources;
  const { storeFigures } = sources;
  const { registers, counter, gauge } = makers(registry);
  if (faults !== undefined)
    counter(
      'humtemp_store_faults_total',
      'Stored values that this process could not read, and left out or set aside.',
      faults,
    );
  gauge('humtemp_store_up', 'Whether the store can take a commit: 1 or 0.', () =>
    within(PING_MS_MAX, pingStore()).then(
      () => 1,
      () => 0,
    ),
  );
  const figures = storeFigures?.() ?? {};
  if (figures.journalBytes !== undefined)
    gauge(
      'humtemp_store_journal_bytes',
      'Journal of the embedded store that a start would replay.',
      () => storeFigures!().journalBytes!,
    );
  if (figures.tableBytes !== undefined)
    gauge('humtemp_store_table_bytes', 'Tables of the embedded store.', () => storeFigures!().tableBytes!);
  if (figures.connections !== undefined)
    counter(
      'humtemp_store_connections_total',
      'Connections to a Redis that came to take commits.',
      () => storeFigures!().connections!,
    );
  new Gauge({
    name: 'humtemp_connections',
    help: 'Open connections.',
    labelNames: ['protocol'],
    registers,
    collect() {
      for (const [protocol, count] of Object.entries(connections())) this.set({ protocol }, count);
    },
  });
  if (streams !== undefined) {
    gauge('humtemp_streams', 'Open live streams.', () => streams().open);
    gauge('humtemp_stream_labs', 'Labs that live streams are about.', () => streams().labs);
    counter(
      'humtemp_streams_cut_total',
      'Live streams cut because their client did not read.',
      () => streams().cut,
    );
  }
  new Gauge({
    name: 'humtemp_build_info',
    help: 'Version and role of the process: 1.',
    labelNames: ['version', 'role'],
    registers,
  }).set({ version: sources.version ?? '', role: sources.role ?? '' }, 1);
  if (sessions?.() !== undefined)
    new Gauge({
      name: 'humtemp_broker_sessions',
      help: 'Sessions that the embedded broker keeps, by where their client is.',
      labelNames: ['client'],
      registers,
      collect() {
        for (const [client, count] of Object.entries(sessions() ?? {})) this.set({ client }, count);
      },
    });
  if (disk?.() !== undefined) {
    gauge('humtemp_disk_free_bytes', 'Room on the disk of the data folder.', () => disk()?.freeBytes ?? 0);
    gauge('humtemp_disk_size_bytes', 'Size of the disk of the data folder.', () => disk()?.sizeBytes ?? 0);
  }
  if (requests !== undefined)
    new Counter({
      name: 'humtemp_http_requests_total',
      help: 'Answers of the HTTP API, by route and status.',
      labelNames: ['route', 'status'],
      registers,
      collect() {
        this.reset();
        for (const { route, status, count } of requests()) this.inc({ route, status }, count);
      },
    });
  if (brokerDrops !== undefined)
    new Counter({
      name: 'humtemp_broker_drops_total',
      help: 'What the embedded broker dropped or refused, besides observations.',
      labelNames: ['kind'],
      registers,
      collect() {
        this.reset();
        for (const [kind, count] of Object.entries(brokerDrops())) this.inc({ kind: snakeCase(kind) }, count);
      },
    });
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
