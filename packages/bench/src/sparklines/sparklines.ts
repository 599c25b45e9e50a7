import { inTurns } from '../by-turns.js';
import { median, spread, times, whole } from '../figures.js';
import type { Size } from '../options.js';
import { startComposeRedis } from '../peers/compose-services.js';
import { findProgram } from '../processes/find-program.js';
import { startHumtemp } from '../processes/humtemp-process.js';
import { ProcessGroup } from '../processes/process-group.js';
import type { Report, Scenario } from '../scenario.js';
import { type Drawn, Sparklines, type Way } from './ways.js';

const ROUNDS: Readonly<Record<Size, number>> = { normal: 25, short: 10, smoke: 1 };
/** Answers that nobody counts: until the code is compiled. */
const WARM_UP: Readonly<Record<Size, number>> = { normal: 20, short: 10, smoke: 0 };
const LABS = 50;

/** Figures of one way to ask one store. */
interface Asked {
  readonly store: string;
  readonly way: Way;
  readonly rounds: readonly Drawn[];
}

/** A day of fifty labs: all in one answer, or each in one of its own. */
export const sparklines: Scenario = {
  name: 'sparklines',
  summary: 'the last 24 hours of 50 labs: one request, beside 50 side by side',
  async run({ size, rounds = ROUNDS[size], profileFolder }): Promise<Report> {
    const asked: Asked[] = [];
    const failures: string[] = [];
    const stores = findProgram('redis-server') === undefined ? ['embedded'] : ['embedded', 'Redis'];
    for (const store of stores) {
      const processes = new ProcessGroup();
      try {
        const env: Record<string, string> =
          store === 'Redis'
            ? { HUMTEMP_REDIS_URL: (await startComposeRedis(processes)).url }
            : { HUMTEMP_DATA_DIR: await processes.folder() };
        const { apiPort, process } = await startHumtemp(processes, env, { profileFolder });
        const lines = new Sparklines(apiPort, process.pid, LABS, Date.now());
        await lines.fill();
        const difference = await lines.difference();
        if (difference !== undefined) failures.push(`${store}: ${difference}`);
        for (let i = 0; i < WARM_UP[size]; i++) for (const way of lines.ways) await lines.draw(way, 1);
        const { turns, failures: failed } = await inTurns(
          lines.ways,
          rounds,
          (way) => lines.draw(way, way.inARow),
          ({ wholeMs }) => `${wholeMs.toFixed(1)} ms`,
        );
        failures.push(...failed);
        for (const { peer, rounds } of turns) asked.push({ store, way: peer, rounds });
      } finally {
        await processes.stop();
      }
    }
    return {
      title: `sparklines: 24 hours of ${LABS} labs with an observation a minute, in buckets of an hour, compressed as for a browser; medians of ${rounds} by turns`,
      columns: [
        'store',
        'asked',
        'requests',
        'whole, ms',
        'lowest – highest',
        'bytes',
        'CPU ms of humtemp',
        '50 side by side take',
      ],
      rows: asked.map((one) => rowOf(one, asked)),
      notes: [],
      failures,
      figures: asked,
    };
  },
};

function rowOf({ store, way, rounds }: Asked, asked: readonly Asked[]): string[] {
  const ms = (of: readonly Drawn[]) => median(of.map(({ wholeMs }) => wholeMs));
  const apart = asked.find((one) => one.store === store && one.way.requests > 1)?.rounds ?? rounds;
  return [
    store,
    way.name,
    whole(way.requests),
    ms(rounds).toFixed(2),
    spread(
      rounds.map(({ wholeMs }) => wholeMs),
      (value) => value.toFixed(1),
    ),
    whole(rounds[0]!.bytes),
    (rounds.reduce((sum, { cpuUs }) => sum + cpuUs, 0) / rounds.length / 1000).toFixed(2),
    way.requests > 1 ? '–' : times(ms(apart) / ms(rounds)),
  ];
}
