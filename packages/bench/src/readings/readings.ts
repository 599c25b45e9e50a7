import { progress } from '../by-turns.js';
import { whole } from '../figures.js';
import type { Used } from '../layouts/sides.js';
import type { Options, Size } from '../options.js';
import type { Report, Scenario } from '../scenario.js';
import type { History } from './fill.js';
import { readTurns } from './turns.js';

const LABS: Readonly<Record<Size, readonly number[]>> = {
  normal: [1000, 10_000, 100_000],
  short: [2000],
  smoke: [30],
};
const ROUNDS: Readonly<Record<Size, number>> = { normal: 15, short: 6, smoke: 1 };
/** From so many labs on, their history is shorter: the layout before takes 120 kB of a lab with a dense day. */
const MANY_LABS = 50_000;

export const readings: Scenario = {
  name: 'readings',
  summary: "readings from Redis: humtemp's layout beside the one before, by turns",
  async run({ size, labs, rounds = ROUNDS[size] }: Options): Promise<Report> {
    const failures: string[] = [];
    const rows: string[][] = [];
    const figures: object[] = [];
    for (const count of labs === undefined ? LABS[size] : [labs]) {
      const history = historyOf(count, size);
      progress(`${whole(count)} labs: ${history.hours} hours, a row every ${history.everyMinutes} min …`);
      for (const { name, used } of await readTurns(history, rounds, failures)) {
        rows.push(rowOf(count, name, used));
        progress(rows.at(-1)!.join(' | '));
        figures.push({ labs: count, name, used });
      }
    }
    return {
      title: 'readings: before · now, by turns, medians',
      columns: ['labs', 'what', 'wall ms', 'times faster', 'CPU of Redis ms', 'CPU of the process ms'],
      rows,
      notes: [
        `History: 26 hours of a row a minute, and tails of all lengths; from ${whole(MANY_LABS)} labs on four hours of a row every ten minutes.`,
      ],
      failures,
      figures,
    };
  },
};

function historyOf(labs: number, size: Size): History {
  if (size === 'smoke') return { labs, hours: 6, everyMinutes: 5, tail: 24 };
  return labs < MANY_LABS
    ? { labs, hours: 26, everyMinutes: 1, tail: 24 }
    : { labs, hours: 4, everyMinutes: 10, tail: 0 };
}

function rowOf(labs: number, name: string, [before, now]: readonly [Used, Used]): string[] {
  const pair = (of: (used: Used) => number) => `${of(before).toFixed(2)} · ${of(now).toFixed(2)}`;
  return [
    whole(labs),
    name,
    pair(({ wallMs }) => wallMs),
    (before.wallMs / now.wallMs).toFixed(2),
    pair(({ redisUs }) => redisUs / 1000),
    pair(({ ownUs }) => ownUs / 1000),
  ];
}
