import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { sourceRows } from '@humtemp/api/sources';
import type { Broker } from '@humtemp/broker';
import type { BucketStore, LedgerCounters, Store, StoreOptions } from '@humtemp/bucket-core';
import { Intake } from '@humtemp/intake';
import type { Workers } from '@humtemp/worker';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Role } from '../config/role.js';
import { intakeLimits } from '../config/sources.js';
import { StartError, startErrorOf } from '../start-error.js';
import { LabAnnouncer } from './lab-announcer.js';
import { LedgerReporter } from './ledger-reporter.js';
import { type OpenSources, openSources } from './open-sources.js';
import { processState } from './process-state.js';
import { rejectionLog, unmatchedLog } from './rejection-log.js';
import { runningAlready } from './running-file.js';
import { SourceSharer } from './source-sharer.js';

import type { RunningApi } from './start-api.js';
import { type StopStep, takeSteps } from './stop-steps.js';
import { StoreFaults } from './store-faults.js';
import { WarningLog } from './warning-log.js';

/** The parts of a running process, by what they listen to. */
export interface RunningRole {
  readonly broker: Broker | undefined;
  readonly worker: Workers | undefined;
  readonly sources: OpenSources;
  readonly api: RunningApi | undefined;
  /** How many labs the store knows, counted up to `limit`. */
  countLabs(limit: number): Promise<number>;
  /** The fate of every observation of this process. */
  ledger(): LedgerCounters;
  /**
   * Stops reading, commits what is pending, acknowledges it, disconnects; in bounded time, whatever Redis,
   * the broker and the clients do.
   * @throws StopError if something did not stop; the process must be ended then.
   */
  stop(): Promise<void>;
}

/** Far more than anything takes to stop once the commits are done. */
const STOP_MS_MAX = 10_000;

/**
 * Starts a role: store, intake, then what feeds and what shows them.
 * @throws StartError when something of the outside world is in the way.
 */
export async function startRole(
  role: Role,
  config: Config,
  log: Logger,
  warnings = new WarningLog(),
): Promise<RunningRole> {
  const name = `${role}-${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
  const faults = new StoreFaults();
  const store = await openStore(config, name, faults, log);
  let api: RunningApi | undefined;
  let announcer: LabAnnouncer | undefined;
  const markChanged = (labs: Iterable<string>) => {
    const changed = announcer === undefined ? labs : [...labs];
    announcer?.mark(changed);
    api?.markChanged(changed);
  };
  const intake = openIntake(store, config, markChanged, log);
  let broker: Broker | undefined;
  let worker: Workers | undefined;
  const state = () => processState({ config, intake, warnings, broker, worker });
  const reporter = new LedgerReporter(store, intake, name, role, state);

  // The store has nobody to wait for but its own disk.
  const closing: StopStep[] = [{ name: 'the store', stop: () => store.close() }];
  const opened = (name: string, part: { close(): Promise<void> }) =>
    void closing.unshift({ name, msMax: STOP_MS_MAX, stop: () => part.close() });
  let sources: OpenSources | undefined;
  try {
    sources = await openSources(config, log);
    const { table } = sources;
    const embeddedBroker = role === 'broker' || (role === 'start' && config.mqttUrls === undefined);
    // Each part is loaded only where it is needed: a worker has no use for all that broker and API take.
    broker = embeddedBroker
      ? await (await import('./start-broker.js')).startBroker(config, table, intake, log)
      : undefined;
    if (broker !== undefined) opened('the MQTT broker', broker);
    worker =
      config.mqttUrls !== undefined && role !== 'api' && role !== 'broker'
        ? (await import('./start-worker.js')).startWorker(config, store, table, intake, name, log)
        : undefined;
    if (worker !== undefined) opened('the worker', worker);
    const publish = (topic: string, payload: Uint8Array) => (broker ?? worker)?.publish(topic, payload);
    sources.askBy(publish);
    const { announcePrefix: prefix } = config;
    if (prefix !== undefined) announcer = new LabAnnouncer({ store, publish, prefix });
    if (role === 'start' || role === 'api') {
      const { startApi } = await import('./start-api.js');
      api = await startApi({
        config,
        store,
        intake,
        name,
        role,
        broker,
        worker,
        sources,
        faults,
        state,
        log,
      });
    }
    const health =
      config.healthPort === undefined
        ? undefined
        : await (await import('./start-health.js')).startHealth({
            config,
            store,
            intake,
            role,
            broker,
            worker,
            faults,
            log,
          });
    // It answers to the end: a process that stops is alive.
    if (health !== undefined) opened('the health port', { close: () => health.stop(0) });
    reporter.start();
    const { reports } = sources;
    // Nobody else reads an embedded store.
    const sharer =
      'redisUrl' in config.store
        ? new SourceSharer(store, name, () => sourceRows(reports(), intake.tallies))
        : undefined;
    sharer?.start();
    return {
      broker,
      worker,
      api,
      sources,
      countLabs: async (limit) => (await store.labs('', limit, Date.now())).length,
      ledger: () => intake.ledger.counters(),
      async stop() {
        sources?.close();
        announcer?.close();
        const graceMs = config.stopGraceS * 1000;
        broker?.stopAccepting();
        broker?.stopReading();
        await takeSteps([
          {
            name: 'leaving the group of workers',
            msMax: STOP_MS_MAX,
            stop: async () => {
              await worker?.leave();
              worker?.stopReading();
            },
          },
          {
            name: 'API or intake',
            msMax: graceMs + STOP_MS_MAX,
            stop: () => Promise.all([api?.stop(graceMs), intake.stop(graceMs)]),
          },
          {
            name: 'the last reports',
            msMax: STOP_MS_MAX,
            stop: () => Promise.all([reporter.stop(), sharer?.stop()]),
          },
          ...closing,
        ]);
      },
    };
  } catch (error) {
    sources?.close();
    // Why it could not start is the news.
    await takeSteps(closing).catch(() => {});
    throw error;
  }
}

async function openStore(config: Config, name: string, faults: StoreFaults, log: Logger): Promise<Store> {
  const { grid, deduplicationHorizonS, labsMax, rejectionsMax, store } = config;
  const options: StoreOptions = {
    grid,
    deduplicationHorizonS,
    labsMax,
    rejectionsMax,
    process: name,
    onFault: (fault) => {
      faults.note(fault);
      log.error(fault, 'a stored value cannot be read; answers leave out its lab');
    },
    onFatal: (error) => {
      log.fatal(error.message);
      process.exit(1);
    },
  };
  if ('redisUrl' in store) {
    const { RedisStore } = await import('@humtemp/bucket-core/redis');
    return new RedisStore({
      ...options,
      url: store.redisUrl,
      prefix: config.redisPrefix,
      durability: config.durability,
      replyTimeoutMs: config.redisTimeoutS * 1000,
      onWarning: (message) => log.warn(message),
      onConnection: ({ connected, reason, server }) => {
        const of = server === undefined ? {} : { server };
        if (connected) log.info(of, 'connected to Redis');
        else log.warn({ ...of, reason }, 'Redis is out of reach; retrying');
      },
    });
  }
  const { EmbeddedStore, FolderInUseError } = await import('@humtemp/bucket-core/embedded');
  try {
    return await EmbeddedStore.open({
      ...options,
      dataDir: store.dataDir,
      onWarning: (message) => log.warn(message),
    });
  } catch (error) {
    if (error instanceof FolderInUseError)
      throw new StartError(runningAlready(store.dataDir), { cause: error });
    throw startErrorOf('HUMTEMP_DATA_DIR', store.dataDir, error);
  }
}

function openIntake(
  store: BucketStore,
  config: Config,
  markChanged: (labs: Iterable<string>) => void,
  log: Logger,
): Intake {
  return new Intake({
    store,
    grid: config.grid,
    limits: intakeLimits(config),
    onFailure: (error, attempt, delayMs) => {
      // The first failure, then each time their number has doubled.
      if ((attempt & (attempt - 1)) === 0)
        log.warn(
          { error: error.message, attempt, ...(delayMs !== undefined && { delayMs: Math.round(delayMs) }) },
          'commit failed; nothing is acknowledged until it succeeds',
        );
    },
    onRecovery: (attempts) => log.info({ attempts }, 'commits succeed again'),
    onLabsCommitted: markChanged,
    onRejected: rejectionLog(log),
    onUnmatched: unmatchedLog(log),
    onCommit: ({ suspended }) => {
      if (suspended > 0)
        log.warn(
          { observations: suspended },
          'a lab has more than 65,536 observations in an hour: counted without deduplication',
        );
    },
  });
}
