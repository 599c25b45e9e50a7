import { type Candidate, inTurns } from '../by-turns.js';
import { median, mib, whole } from '../figures.js';
import { noteOnOthers } from '../measuring/doubts.js';
import type { Report, Scenario } from '../scenario.js';
import { type Floored, floorOnce, type Streamed, streamOnce } from './stream-once.js';

const NORMAL = {
  clients: [0, 50, 500],
  labs: 50,
  connections: 10,
  perS: 50_000,
  warmUpS: 2,
  durationS: 10,
  floorS: 5,
};
const SIZES = {
  normal: NORMAL,
  short: { ...NORMAL, durationS: 5, floorS: 3 },
  smoke: { clients: [20], labs: 10, connections: 2, perS: 1000, warmUpS: 0.1, durationS: 0.5, floorS: 0.1 },
};

interface Step extends Candidate {
  measure(): Promise<Streamed | Floored>;
}

/** The live stream to many clients, while observations come at a fixed rate. */
export const stream: Scenario = {
  name: 'stream',
  summary: 'the live stream to 0, 50 and 500 clients while 50,000 observations/s are committed',
  async run(options): Promise<Report> {
    const { clients: counts, floorS, ...size } = SIZES[options.size];
    const load = { ...size, durationS: options.durationS ?? size.durationS };
    const rounds = options.rounds ?? 1;
    const [measured, floors]: [Streamed[], Floored[]] = [[], []];
    const most = counts.at(-1)!;
    const steps: readonly Step[] = [
      ...counts.map((clients) => ({
        name: `${clients} clients`,
        async measure() {
          measured.push(await streamOnce(clients, load, options));
          return measured.at(-1)!;
        },
      })),
      {
        name: `${most} clients, bare sockets`,
        async measure() {
          const told = measured.at(-1)?.told;
          if (told === undefined) throw new Error('there are no bytes to write: no client was told anything');
          floors.push(await floorOnce(most, told.eventBytes, floorS));
          return floors.at(-1)!;
        },
      },
    ];
    const { failures } = await inTurns(
      steps,
      rounds,
      (step) => step.measure(),
      (one) => `${cores(one)} cores`,
    );
    return {
      title:
        `stream: ${whole(load.perS)} observations a second of ${load.labs} labs, QoS 1, for ${load.durationS} s, and clients of ` +
        `/stream, every other one of all labs and the others of five; median of ${rounds}`,
      columns: [
        'clients',
        'CPU of humtemp, cores',
        'of it for the clients',
        'RSS MiB',
        'MiB/s to clients',
        'updates of labs/s',
        'between two updates of a lab, median ms',
        '99.9 %',
        'longest',
        'missed',
        'acknowledged in ms, 99 %',
        'ends after SIGTERM in ms',
      ],
      rows: [...counts.flatMap((clients) => rowOf(clients, measured)), ...rowOfFloor(floors)],
      notes: [
        'Missed: labs that some client was told of in a second and another, which follows it too, was not. In the end every client ' +
          'had the last state of each of its labs. The floor writes as many bytes to as many sockets, once a second, from ready buffers.',
        ...noteOnOthers(measured.map((one) => ({ name: `${one.clients} clients`, rounds: [one] }))),
      ],
      failures: [...failures, ...measured.flatMap(failuresOf)],
      figures: { load, measured, floors },
    };
  },
};

/** What must hold, however slow the machine is. */
function failuresOf({ clients, told }: Streamed): string[] {
  if (told === undefined) return [];
  const counted: [number, string][] = [
    [told.missed, 'labs had changed and a client was not told'],
    [told.differences, 'times two clients were told different things of the same lab and second'],
    [told.wentBack, 'times a lab had fewer observations than before'],
    [told.incomplete, 'clients did not get the last state of all their labs'],
  ];
  return counted
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${clients} clients: ${whole(count)} ${what}`);
}

function cores({ cpuUs, seconds }: { readonly cpuUs: number; readonly seconds: number }): string {
  return (cpuUs / 1e6 / seconds).toFixed(2);
}

function rowOf(clients: number, measured: readonly Streamed[]): string[][] {
  const of = measured.filter((one) => one.clients === clients);
  if (of.length === 0) return [];
  const middle = (figure: (one: Streamed) => number) => median(of.map(figure));
  const share = (one: Streamed) => one.cpuUs / one.seconds;
  const without = measured.filter((one) => one.clients === 0).map(share);
  const told = (figure: (told: NonNullable<Streamed['told']>, one: Streamed) => number, show = whole) =>
    of[0]!.told === undefined ? '–' : show(middle((one) => figure(one.told!, one)));
  return [
    [
      whole(clients),
      (middle(share) / 1e6).toFixed(2),
      clients === 0 || without.length === 0 ? '–' : ((middle(share) - median(without)) / 1e6).toFixed(2),
      mib(middle(({ rssBytes }) => rssBytes)),
      told(({ bytes }, { seconds }) => bytes / seconds, mib),
      told(({ gaps }, { seconds }) => gaps.count / seconds),
      told(({ gaps }) => gaps.p50Ms),
      told(({ gaps }) => gaps.p999Ms),
      told(({ gaps }) => gaps.maxMs),
      told(({ missed }) => missed),
      middle(({ load }) => load.acknowledged.p99Ms).toFixed(1),
      whole(middle(({ stopMs }) => stopMs)),
    ],
  ];
}

function rowOfFloor(floors: readonly Floored[]): string[][] {
  if (floors.length === 0) return [];
  const middle = (figure: (one: Floored) => number) => median(floors.map(figure));
  const cells = [
    `${whole(floors[0]!.clients)}, bare sockets`,
    '–',
    middle(({ cpuUs, seconds }) => cpuUs / 1e6 / seconds).toFixed(2),
    '–',
    mib(middle(({ bytes, seconds }) => bytes / seconds)),
  ];
  return [[...cells, ...Array.from({ length: 7 }, () => '–')]];
}
