import { progress } from '../by-turns.js';
import { whole } from '../figures.js';
import type { Report, Scenario } from '../scenario.js';
import { aofTurns } from './aof-turns.js';
import { commitCases, commitTurns } from './commit-turns.js';
import { hotCases, hotTurns } from './hot-turns.js';
import { readTurns } from './read-turns.js';
import type { Used } from './sides.js';

const READS = {
  normal: { labs: 10_000, rounds: 8 },
  short: { labs: 2000, rounds: 6 },
  smoke: { labs: 30, rounds: 1 },
};

export const layouts: Scenario = {
  name: 'layouts',
  summary: "CPU of commits and readings in Redis: humtemp's layout beside the one before, by turns",
  async run({ size }): Promise<Report> {
    const failures: string[] = [];
    const rows: string[][] = [];
    const figures: object[] = [];
    const add = (name: string, unit: string, used: readonly [Used, Used], scale: number) => {
      const [before, now] = used;
      const pair = (field: keyof Used, by: number) =>
        `${(before[field] * by).toFixed(2)} · ${(now[field] * by).toFixed(2)}`;
      const ratio = (field: keyof Used) => (before[field] / now[field]).toFixed(2);
      rows.push([
        name,
        unit,
        pair('redisUs', scale),
        ratio('redisUs'),
        pair('ownUs', scale),
        ratio('ownUs'),
        unit === 'ms' ? pair('wallMs', 1) : '–',
        unit === 'ms' ? ratio('wallMs') : '–',
      ]);
      progress(rows.at(-1)!.join(' | '));
      figures.push({ name, unit, used });
    };
    for (const one of commitCases(size)) {
      const { used } = await commitTurns(one, failures);
      add(`commit: ${one.name}`, 'µs an observation', used, 1);
    }
    for (const one of hotCases(size)) {
      const { used } = await hotTurns(one, failures);
      add(`commit: ${one.name}`, 'µs an observation', used, 1);
    }
    for (const one of commitCases(size).filter(({ historyMinutes }) => historyMinutes === undefined)) {
      const [before, now] = await aofTurns(one, failures);
      const pair = `${before.toFixed(1)} · ${now.toFixed(1)}`;
      rows.push([`append-only file: ${one.name}`, `bytes an observation`, pair, (before / now).toFixed(2)]);
      rows.at(-1)!.push('–', '–', '–', '–');
      progress(rows.at(-1)!.join(' | '));
      figures.push({
        name: `append-only file: ${one.name}`,
        unit: 'bytes an observation',
        bytes: [before, now],
      });
    }
    const { labs, rounds } = READS[size];
    for (const { name, used } of await readTurns(labs, rounds, failures)) add(name, 'ms', used, 1 / 1000);
    return {
      title: `layouts: before · now, by turns, medians; folds included; readings of ${whole(labs)} labs`,
      columns: [
        'what',
        'unit',
        'CPU of Redis',
        'times less',
        'CPU of the process',
        'times less',
        'wall',
        'times faster',
      ],
      rows,
      notes: [],
      failures,
      figures,
    };
  },
};
