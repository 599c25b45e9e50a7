import { CommitCounts, Ledger } from '@humtemp/intake';
import { fleetMetrics } from './fleet-metrics.js';
import { labMetrics } from './lab-metrics.js';
import { processRegistry } from './process-registry.js';

const BLOCK = /(<!-- metrics: (\w+) -->\n).*?(<!-- \/metrics -->)/gs;

/**
 * A document with its tables of metrics made anew. A table stands between `<!-- metrics: WHICH -->` and
 * `<!-- /metrics -->`; WHICH is process, fleet or labs.
 * @throws RangeError for any other.
 */
export async function withMetricTables(document: string): Promise<string> {
  const texts: Record<string, string> = {
    process: await processText(),
    fleet: await fleetText(),
    labs: await labsText(),
  };
  return document.replace(BLOCK, (_, open: string, which: string, close: string) => {
    const text = texts[which];
    if (text === undefined) throw new RangeError(`there are no metrics of ${which}`);
    return `${open}\n| metric | kind | labels | meaning |\n|---|---|---|---|\n${rowsOf(text)}\n${close}`;
  });
}

/** The rows of a text in the format of Prometheus. */
function rowsOf(text: string): string {
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)\n(\w+(?:\{(.*)\})? .*)?/gm)]
    .map(([, name, help, kind, , labels = '']) => {
      const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => `\`${label}\``);
      return `| \`${name}\` | ${kind} | ${names.filter((label) => label !== '`le`').join(', ')} | ${help!.replace(/\.$/, '')} |\n`;
    })
    .join('');
}

/** Every metric that some process has, each with a sample. */
function processText(): Promise<string> {
  const count = { count: 1 };
  const tally = {
    publishes: 1,
    observations: count,
    ignored: count,
    rejected: new Map([['no_value', count]]),
    metricsRejected: new Map([['temp', count]]),
  };
  return processRegistry({
    receives: true,
    ledger: () => new Ledger().counters(),
    commits: new CommitCounts(),
    clock: () => 0,
    pingStore: async () => {},
    faults: () => 0,
    storeFigures: () => ({ journalBytes: 0, tableBytes: 0, connections: 0 }),
    connections: () => ({ mqtt: 0 }),
    streams: () => ({ open: 0, labs: 0, cut: 0 }),
    requests: () => [{ route: '/labs', status: 200, count: 1 }],
    disk: () => ({ freeBytes: 0, sizeBytes: 0 }),
    sessions: () => ({ connected: 0, away: 0 }),
    brokerDrops: () => ({ deliveriesDropped: 0 }),
    workers: () => [
      { broker: '', isServing: true, unacknowledged: 0, connections: 0, sessionsLost: 0, dropped: 0 },
    ],
    tallies: () => new Map([['labs', tally as never]]),
    unmatched: () => 0,
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
