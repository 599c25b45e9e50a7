import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { clusterRun } from './cluster-run.js';
import { linksRun } from './links-run.js';
import { quotaPlot } from './quota-plot.js';
import { quotaRun } from './quota-run.js';
import { serversRun } from './servers-run.js';
import { workersRun } from './workers-run.js';

const HELP = `Runs many processes that die, move and come back under load, then holds every bucket against what was sent.

Usage: npm run scale -- RUN [--observations 300000] [--rate 2000] [--labs 600] [--seed 1]

RUN is one of
  cluster [--durability replica] [--behind 0]  a Redis Cluster: masters killed, slots moved; --behind: a replica that hears nothing
                                               for so many milliseconds before its master is killed
  servers [--frozen 30000]     [--kills 2]     independent servers: one frozen, one killed, one added, one drained; a reader all the time;
                                               --kill-servers: each of them is killed while labs are moved, too
  workers [--brokers 1] [--adopt-after 10s]    workers that come, go and are killed, at one or two Mosquittos
  links [--seconds 20] [--rate 300]            a Redis, a Mosquitto and workers on hosts of their own; the links between them are cut,
                                               slow and lossy for so long each; as root, on Linux, with Python 3
  quota-workers [--share 0.1] [--counts 1,2,4,8] [--seconds 15] [--rounds 3]
  quota-servers                                how much more is committed with more workers, or with more independent servers, each
                                               held to a share of a core; as root, on Linux
  quota-plot WORKERS.log SERVERS.log IMAGE.svg draws what those two printed
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    observations: { type: 'string', default: '300000' },
    rate: { type: 'string' },
    labs: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    durability: { type: 'string', default: 'replica' },
    behind: { type: 'string', default: '0' },
    frozen: { type: 'string', default: '30000' },
    'kill-servers': { type: 'boolean', default: false },
    kills: { type: 'string', default: '2' },
    brokers: { type: 'string', default: '1' },
    share: { type: 'string', default: '0.1' },
    counts: { type: 'string', default: '1,2,4,8' },
    seconds: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    'adopt-after': { type: 'string', default: '10s' },
    help: { type: 'boolean', default: false },
  },
});

const common = {
  observations: Number(values.observations),
  ratePerS: Number(values.rate ?? 2000),
  labs: Number(values.labs),
  seed: Number(values.seed),
  say: (line: string) => process.stdout.write(`${line}\n`),
};

const RUNS: Readonly<Record<string, () => Promise<object>>> = {
  cluster: () =>
    clusterRun({
      ...common,
      durability: values.durability as 'memory' | 'replica',
      behindMs: Number(values.behind),
    }),
  servers: () =>
    serversRun({
      ...common,
      frozenMs: Number(values.frozen),
      kills: Number(values.kills),
      killsServers: values['kill-servers'],
    }),
  links: () =>
    linksRun({
      ...common,
      ratePerS: Number(values.rate ?? 300),
      faultMs: Number(values.seconds ?? 20) * 1000,
    }),
  'quota-workers': () => quota('workers'),
  'quota-servers': () => quota('servers'),
  'quota-plot': plot,
  workers: () =>
    workersRun({
      ...common,
      brokers: values.brokers === '2' ? 2 : 1,
      adoptAfter: values['adopt-after'],
    }),
};

function quota(of: 'workers' | 'servers'): Promise<object> {
  return quotaRun({
    of,
    say: common.say,
    share: Number(values.share),
    counts: values.counts.split(',').map(Number),
    seconds: Number(values.seconds ?? 15),
    rounds: Number(values.rounds),
  });
}

/** Draws what `quota-workers` and `quota-servers` have printed, each into a file. */
async function plot(): Promise<object> {
  const [, workers, servers, image] = positionals as [string, string, string, string];
  const rowsOf = (file: string) => JSON.parse(readFileSync(file, 'utf8').replace(/^[^[]*/, ''));
  writeFileSync(
    image,
    quotaPlot([
      { name: 'workers', colour: '#0b6b57', rows: rowsOf(workers) },
      { name: 'Redis servers', colour: '#c2410c', rows: rowsOf(servers) },
    ]),
  );
  return { image };
}

const run = RUNS[positionals[0] ?? ''];
if (values.help || run === undefined) process.stdout.write(HELP);
else process.stdout.write(`${JSON.stringify(await run(), null, 2)}\n`);
