import { apiMeters, fleetMetrics, labMetrics, processRegistry } from '@humtemp/api/metrics';
import { CommitCounts, Ledger } from '@humtemp/intake';
import { metersOf } from '../start/meters.js';

/** Every metric that some process has, each with a sample, as Prometheus is answered. */
export async function everyMetric(): Promise<Readonly<Record<'process' | 'fleet' | 'labs', string>>> {
  return { process: await processText(), fleet: await fleetText(), labs: await labsText() };
}

/** A process that has all parts at once. Of a part there is only what its meters read. */
function processText(): Promise<string> {
  const count = { count: 1 };
  const tally = {
    publishes: 1,
    observations: count,
    ignored: count,
    rejected: new Map([['no_value', count]]),
    metricsRejected: new Map([['temp', count]]),
  };
  const intake = {
    ledger: new Ledger(),
    commits: new CommitCounts(),
    tallies: new Map([['labs', tally]]),
    unmatched: { publishes: 0 },
    oldestUncommittedMs: undefined,
    nowMs: 0,
    lagMs: 0,
  };
  const store = {
    ping: async () => {},
    figures: () => ({ journalBytes: 0, tableBytes: 0, connections: 0 }),
  };
  const parts = {
    config: { store: { dataDir: '.' } },
    role: 'start',
    broker: {
      connections: 0,
      sessions: { connected: 0, away: 0 },
      counters: { deliveriesDropped: 0 },
    },
    worker: {
      brokers: [
        { broker: '', isServing: true, unacknowledged: 0, connections: 0, sessionsLost: 0, dropped: 0 },
      ],
    },
    faults: { count: 0 },
  };
  const api = apiMeters({
    streams: () => ({ open: 0, labs: 0, cut: 0 }),
    requests: () => [{ route: '/labs', status: 200, count: 1 }],
  });
  return processRegistry({
    intake: intake as never,
    store,
    receives: true,
    meters: [...metersOf(parts as never), ...api],
  }).text();
}

function fleetText(): Promise<string> {
  const counters = new Ledger().counters();
  const member = { process: '', alias: '', role: '', reportedMs: 0, isGone: false, isBalanced: true };
  return fleetMetrics(async () => [{ ...member, counters, state: undefined }])();
}

function labsText(): Promise<string> {
  const reading = { avg: 0, min: 0, max: 0, last: 0 };
  const inRange = { in_range: true };
  const lab = {
    lab: '',
    observations: 0,
    ageS: 0,
    temp: reading,
    humidity: reading,
    status: { stale: false, metrics: { temp: inRange, humidity: inRange } },
  };
  return labMetrics({ labs: [lab as never], omitted: 0, neverHeard: [] });
}
