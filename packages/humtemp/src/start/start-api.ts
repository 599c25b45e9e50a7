import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  ChangeFeed,
  createApi,
  LabsFile,
  PolledChanges,
  type RunningServer,
  readSite,
  SharedLabs,
  startServer,
} from '@humtemp/api';
import { AccessTokens } from '@humtemp/api/access';
import type { Broker } from '@humtemp/broker';
import type { ProcessState, Store } from '@humtemp/bucket-core';
import type { Intake } from '@humtemp/intake';
import { FileProblem } from '@humtemp/watched-files';
import type { Workers } from '@humtemp/worker';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { isLoopback } from '../config/problem.js';
import type { Role } from '../config/role.js';
import { StartError, startErrorOf } from '../start-error.js';
import { LabSimulation } from './lab-simulation.js';
import { metersOf } from './meters.js';
import type { OpenSources } from './open-sources.js';
import { logReload } from './reload-log.js';
import { processReadiness } from './start-health.js';
import type { StoreFaults } from './store-faults.js';

/** How long the API waits for the store before it says 503. */
const STORE_TIMEOUT_MS = 5000;
/** Connections besides those of live streams, so that these lock nobody out. */
const FURTHER_CONNECTIONS_MAX = 1000;

export interface ApiParts {
  readonly config: Config;
  readonly store: Store;
  readonly intake: Intake;
  /** Names this process in the ledger. */
  readonly name: string;
  readonly role: Role;
  readonly broker: Broker | undefined;
  readonly worker: Workers | undefined;
  readonly sources: OpenSources;
  readonly faults: StoreFaults;
  /** How this process is doing now. */
  readonly state: () => ProcessState;
  readonly log: Logger;
}

export interface RunningApi extends RunningServer {
  /** Notes which labs this process has committed observations of. */
  markChanged(labs: Iterable<string>): void;
  /** Reads the tokens again. */
  reload(): Promise<void>;
}

/** Starts the HTTP API as configured. @throws StartError */
export async function startApi(parts: ApiParts): Promise<RunningApi> {
  const { config, store, intake, name, role, broker, worker, sources, faults, state, log } = parts;
  const feed = new ChangeFeed();
  const tokens = await openTokens(config, log);
  const labs = await openLabs(config, store, log).catch((error: unknown) => {
    tokens?.close();
    throw error;
  });
  const simulation = offersSimulation(parts) ? new LabSimulation(intake) : undefined;
  const stopping = new AbortController();
  const clientShare = config.apiClientPercentMax / 100;
  const app = createApi({
    store,
    intake,
    grid: config.grid,
    process: name,
    role,
    meters: metersOf(parts),
    state,
    expectedIntervalS: config.expectedIntervalS,
    requestBytesMax: config.payloadBytesMax,
    storeTimeoutMs: STORE_TIMEOUT_MS,
    readiness: () => processReadiness(parts),
    warnings: () => store.warnings?.() ?? [],
    faults,
    receives: broker !== undefined || worker !== undefined,
    tokens,
    ...(labs !== undefined && { directories: labs }),
    site: dashboardSite(log),
    simulation,
    mqttListeners: () => broker?.listeners ?? [],
    mqttTopics: sources.table.filters,
    sources: sources.table,
    sourceReports: () => sources.reports(),
    corsOrigins: config.apiCorsOrigins,
    publicHosts: config.publicHosts,
    stopping: stopping.signal,
    // Other processes may commit to the same Redis.
    changes: 'redisUrl' in config.store ? new PolledChanges({ store, clock: Date.now }) : feed,
    streamsMax: config.apiStreamsMax,
    clientShare,
    metricsLabsMax: config.metricsLabsMax,
    listedS: config.listedS,
    log,
  });
  const { apiHost: host, apiPort: port } = config;
  const connectionsMax = config.apiStreamsMax + FURTHER_CONNECTIONS_MAX;
  try {
    const server = await startServer(app, { host, port, connectionsMax, clientShare, stopping, log });
    return {
      port: server.port,
      markChanged: (labs) => feed.mark(labs),
      async stop(graceMs) {
        simulation?.stop();
        await server.stop(graceMs);
        tokens?.close();
        labs?.close();
      },
      reload: async () => void (await Promise.all([tokens?.reload(), labs?.reload()])),
    };
  } catch (error) {
    tokens?.close();
    labs?.close();
    throw startErrorOf(...variableOf(error, ['HUMTEMP_API_HOST', host], ['HUMTEMP_API_PORT', port]), error);
  }
}

/** Whoever is there alone may let labs be made up: all in one process, and nobody else can reach it. */
function offersSimulation({ config, role, broker }: ApiParts): boolean {
  return (
    role === 'start' &&
    broker !== undefined &&
    'dataDir' in config.store &&
    isLoopback(config.apiHost) &&
    isLoopback(config.mqttHost) &&
    config.publicHosts.length === 0
  );
}

/** The files of the web page; undefined, with a warning, where they are not built. */
function dashboardSite(log: Logger): ReturnType<typeof readSite> {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('@humtemp/dashboard/package.json')),
    'dist',
    'site',
  );
  const site = readSite(folder);
  if (site === undefined) log.warn({ folder }, 'the dashboard is not built: npm run build');
  return site;
}

/** With Redis, every process knows the labs file that one of them has. */
async function openLabs(
  config: Config,
  store: Store,
  log: Logger,
): Promise<SharedLabs | LabsFile | undefined> {
  const file = await openLabsFile(config, log);
  if (!('redisUrl' in config.store)) return file;
  const shared = new SharedLabs({
    store,
    file,
    onReload: (labs) => log.info({ labs }, 'the labs file of another process has changed'),
    onError: ({ message }) => log.error({ reason: message }, 'the labs file stays as it was'),
  });
  void shared.exchange();
  return shared;
}

async function openLabsFile({ labsFile: file }: Config, log: Logger): Promise<LabsFile | undefined> {
  if (file === undefined) return undefined;
  try {
    return await LabsFile.open({
      file,
      onReload: (labs) => log.info({ file, labs }, 'the labs file has changed'),
      onError: ({ message }) => log.error({ reason: message }, 'the labs file stays as it was'),
    });
  } catch (error) {
    if (error instanceof FileProblem) throw new StartError(error.message, { cause: error });
    throw error;
  }
}

async function openTokens({ apiTokensFile: file }: Config, log: Logger): Promise<AccessTokens | undefined> {
  if (file === undefined) return undefined;
  try {
    return await AccessTokens.open({
      file,
      onReload: (tokens) => logReload(log, file, 'tokens', tokens),
      onError: ({ message }) => log.error({ reason: message }, 'the tokens stay as they were'),
    });
  } catch (error) {
    if (error instanceof FileProblem) throw new StartError(error.message, { cause: error });
    throw error;
  }
}

/** Which of the two variables of a listener an error speaks of. */
function variableOf(
  error: unknown,
  host: [string, string],
  port: [string, number],
): [string, string | number] {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' ? host : port;
}
