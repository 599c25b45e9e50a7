import { parseArgs } from 'node:util';
import { type SoakSample, soak } from './soak.js';
import { flatness } from './soak-verdict.js';

const HELP = `Runs humtemp with its embedded broker and store under a steady load, with readers beside, and looks whether its memory and
its files stay where they are.

Usage: npm run soak -- [--minutes 120] [--rate 2600] [--labs 200] [--sample 30] [--horizon MINUTES] [--seed N]

Each lab is an MQTT client of its own at QoS 1; 2 % of the observations are late, 1 % are sent twice. Without --horizon
humtemp runs as it comes, and keeps observations for two days: its files grow meanwhile. With it everything expires after
so many minutes. What comes before the first horizon, or the first quarter of the run, is not judged.
It ends with 1 if something grew, or if one observation was lost or counted twice.
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '120' },
    rate: { type: 'string', default: '2600' },
    labs: { type: 'string', default: '200' },
    sample: { type: 'string', default: '30' },
    horizon: { type: 'string' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

const minutes = Number(values.minutes);
const labs = Number(values.labs);
const horizonS = values.horizon === undefined ? undefined : Number(values.horizon) * 60;
const report = await soak({
  minutes,
  labs,
  ratePerS: Number(values.rate),
  sampleS: Number(values.sample),
  seed: Number(values.seed),
  ...(horizonS !== undefined && { horizonS }),
  tell: (line) => process.stdout.write(`${line}\n`),
});
const { samples, ...counts } = report;
process.stdout.write(`${JSON.stringify(counts)}\n`);

const fromS = horizonS ?? minutes * 15;
const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
const judge = (name: string, figure: (sample: SoakSample) => number) => {
  const { medians, growth, isFlat } = flatness(samples, fromS, figure);
  process.stdout.write(
    `${name}: medians of four windows after ${(fromS / 60).toFixed(0)} min ${medians.map(mb).join(', ')} MB, × ${growth.toFixed(2)}: ${isFlat ? 'flat' : 'NOT FLAT'}\n`,
  );
  return isFlat;
};
const isRssFlat = judge('RSS', ({ rssBytes }) => rssBytes);
judge('heap in use', ({ heapBytes }) => heapBytes);
const areFilesFlat = judge('files', ({ fileBytes }) => fileBytes);
const isFlat = isRssFlat && (areFilesFlat || horizonS === undefined);
process.stdout.write(
  `${isFlat ? 'flat' : 'NOT FLAT'}: RSS at most ${mb(Math.max(...samples.map(({ rssBytes }) => rssBytes)))} MB, ` +
    `${counts.ledger.committed} counted, 0 lost, 0 double\n`,
);
process.exitCode = isFlat ? 0 : 1;
