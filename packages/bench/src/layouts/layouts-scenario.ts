import { progress } from '../by-turns.js';
import type { Report, Scenario } from '../scenario.js';
import { aofTurns } from './aof-turns.js';
import { commitCases, commitTurns } from './commit-turns.js';
import { hotCases, hotTurns } from './hot-turns.js';
import type { Used } from './sides.js';

export const layouts: Scenario = {
  name: 'layouts',
  summary: "CPU of commits in Redis: humtemp's layout beside the one before, by turns",
  async run({ size }): Promise<Report> {
    const failures: string[] = [];
    const rows: string[][] = [];
    const figures: object[] = [];
    const add = (name: string, used: readonly [Used, Used]) => {
      const [before, now] = used;
      const pair = (field: keyof Used) => `${before[field].toFixed(2)} · ${now[field].toFixed(2)}`;
      const ratio = (field: keyof Used) => (before[field] / now[field]).toFixed(2);
      rows.push([
        name,
        'µs an observation',
        pair('redisUs'),
        ratio('redisUs'),
        pair('ownUs'),
        ratio('ownUs'),
      ]);
      progress(rows.at(-1)!.join(' | '));
      figures.push({ name, unit: 'µs an observation', used });
    };
    for (const one of commitCases(size)) {
      const { used } = await commitTurns(one, failures);
      add(`commit: ${one.name}`, used);
    }
    for (const one of hotCases(size)) {
      const { used } = await hotTurns(one, failures);
      add(`commit: ${one.name}`, used);
    }
    for (const one of commitCases(size).filter(({ historyMinutes }) => historyMinutes === undefined)) {
      const [before, now] = await aofTurns(one, failures);
      const pair = `${before.toFixed(1)} · ${now.toFixed(1)}`;
      rows.push([`append-only file: ${one.name}`, `bytes an observation`, pair, (before / now).toFixed(2)]);
      rows.at(-1)!.push('–', '–');
      progress(rows.at(-1)!.join(' | '));
      figures.push({
        name: `append-only file: ${one.name}`,
        unit: 'bytes an observation',
        bytes: [before, now],
      });
    }
    return {
      title: 'layouts: before · now, by turns, medians; folds included',
      columns: ['what', 'unit', 'CPU of Redis', 'times less', 'CPU of the process', 'times less'],
      rows,
      notes: [],
      failures,
      figures,
    };
  },
};
