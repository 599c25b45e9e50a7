import { parseArgs } from 'node:util';
import { chaos } from './chaos.js';

const HELP = `Inflicts faults on two workers, Redis and Mosquitto under load, then holds every bucket against what was sent.

Usage: npm run chaos -- [--minutes 10] [--rate 3000] [--labs 1000] [--seed N] [--only 'worker killed,…']

The same seed inflicts the same faults in the same order; what is in flight when they strike is up to the machine.
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '3000' },
    labs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: `${Math.floor(Math.random() * 1e9)}` },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else {
  const ratePerS = Number(values.rate);
  const observations = Math.round(Number(values.minutes) * 60 * ratePerS);
  const seed = Number(values.seed);
  process.stdout.write(
    `seed ${seed}: ${observations.toLocaleString('en-US')} observations, ${values.labs} labs\n`,
  );
  const report = await chaos({
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
