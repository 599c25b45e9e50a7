import { byName, byTurns, progress } from '../by-turns.js';
import { median, mib, whole } from '../figures.js';
import { CAN_LOOK } from '../measuring/process-figures.js';
import { BROKERS } from '../peers/peers.js';
import { leftOut, type Report, type Scenario } from '../scenario.js';
import { type Churned, churnOnce } from './churn-once.js';

const PER_S = 50;
const DURATION_S = { smoke: 2, short: 10, normal: 120 };
const ROUNDS = 1;

/** Whether connections that come and go leave anything behind. */
export const churn: Scenario = {
  name: 'churn',
  summary: 'memory and handles while 50 connections a second come, publish once and go, for 2 minutes',
  async run(options): Promise<Report> {
    if (!CAN_LOOK) return leftOut('churn: left out, there is no /proc here to read memory and handles from');
    const load = {
      perS: options.perS ?? PER_S,
      durationS: options.durationS ?? DURATION_S[options.size],
    };
    const rounds = options.rounds ?? ROUNDS;
    const { turns, notes, failures } = await byTurns(
      BROKERS,
      rounds,
      options,
      (peer) => churnOnce(peer, load, options, progress),
      (churned) => `RSS grew by ${mib(churned.growth.rssBytes)} MiB from the second quarter to the last`,
    );
    const middle = (of: readonly Churned[], figure: (churned: Churned) => number) => median(of.map(figure));
    return {
      title:
        `churn: ${load.perS} connections a second for ${load.durationS} s, one observation at QoS 1 each; they leave by ` +
        `DISCONNECT, FIN and RST in turn; median of ${rounds}`,
      columns: [
        'peer',
        'RSS MiB: first',
        'second quarter',
        'last quarter',
        'last',
        'growth from quarter to quarter',
        'of it heap and stack',
        'handles: before',
        'most',
        'after',
        'published',
        'committed',
      ],
      rows: turns.map(({ peer, rounds: of }) => [
        peer.name,
        mib(middle(of, ({ first }) => first.rssBytes)),
        mib(middle(of, ({ secondQuarter }) => secondQuarter.rssBytes)),
        mib(middle(of, ({ lastQuarter }) => lastQuarter.rssBytes)),
        mib(middle(of, ({ last }) => last.rssBytes)),
        mib(middle(of, ({ growth }) => growth.rssBytes)),
        mib(middle(of, ({ growth }) => growth.anonymousBytes)),
        whole(middle(of, ({ handles }) => handles.before)),
        whole(middle(of, ({ handles }) => handles.most)),
        whole(middle(of, ({ handles }) => handles.after)),
        whole(middle(of, ({ published }) => published)),
        of.some(({ committed }) => committed === undefined)
          ? '–'
          : whole(middle(of, ({ committed }) => committed!)),
      ]),
      notes: [
        ...notes,
        'Quarters are medians of their time; the second is the first of a warm process. A heap goes up and down by tens ' +
          'of MiB between collections: the longer the duration, the more the growth says.',
      ],
      failures,
      figures: { load, turns: byName(turns) },
    };
  },
};
