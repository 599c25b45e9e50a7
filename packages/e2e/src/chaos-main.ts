import { parseArgs } from 'node:util';
import { type ChaosOptions, chaos } from './chaos.js';
import { chaosEmbedded } from './chaos-embedded.js';

const HELP = `Inflicts faults under load, then holds every bucket against what was sent.

Usage: npm run chaos -- [--store redis|embedded|both] [--minutes 10] [--rate 3000] [--labs 1000] [--seed N]
                        [--only 'worker killed,…']

redis: on two workers, Redis and Mosquitto; embedded: on humtemp start and the connections to it; both, which is the
default: one after the other, half of the time each.

The same seed inflicts the same faults in the same order; what is in flight when they strike is up to the machine.
`;

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'both' },
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '3000' },
    labs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: `${Math.floor(Math.random() * 1e9)}` },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const STORES = { redis: [chaos], embedded: [chaosEmbedded], both: [chaos, chaosEmbedded] } as const;

if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

const runs: readonly ((options: ChaosOptions) => ReturnType<typeof chaos>)[] | undefined =
  STORES[values.store as keyof typeof STORES];
if (runs === undefined) {
  process.stderr.write(`--store ${values.store}: expected redis, embedded or both\n`);
  process.exit(2);
}
const ratePerS = Number(values.rate);
const observations = Math.round((Number(values.minutes) * 60 * ratePerS) / runs.length);
const seed = Number(values.seed);
for (const run of runs) {
  process.stdout.write(
    `${run === chaos ? 'Redis' : 'embedded'}, seed ${seed}: ${observations.toLocaleString('en-US')} observations, ${values.labs} labs\n`,
  );
  const report = await run({
    seed,
    observations,
    ratePerS,
    labs: Number(values.labs),
    faults: 20,
    ...(values.only !== undefined && { only: values.only.split(',') }),
    tell: (line) => process.stdout.write(`${line}\n`),
  });
  process.stdout.write(`${JSON.stringify(report, null, 2)}\nexact: every lab, every resolution\n`);
}
