import { temporaryFolder } from '@humtemp/test-services';
import { byName, byTurns, progress } from '../by-turns.js';
import { median, mib, spread, times, whole } from '../figures.js';
import { pythonWithFastApi } from '../http/fastapi.js';
import { CAN_LOOK } from '../measuring/process-figures.js';
import type { Report, Scenario } from '../scenario.js';
import { fillWithLabs } from './lab-folder.js';
import { type IdleMemory, type Started, startOnce } from './start-once.js';
import {
  bareNode,
  fastApi,
  humtempApi,
  humtempBroker,
  humtempStart,
  humtempStartRedis,
  humtempWorker,
  mosquitto,
  plainAedes,
  type Subject,
} from './subjects.js';

const SIZES = {
  normal: { labs: 10_000, settleS: 3, rounds: 5 },
  short: { labs: 10_000, settleS: 3, rounds: 2 },
  smoke: { labs: 20, settleS: 0.1, rounds: 1 },
};

/** How long each role takes to start, and what it holds when nothing is going on. */
export const startup: Scenario = {
  name: 'startup',
  summary: 'time from spawn to the first client, and idle memory, of each role, beside brokers and FastAPI',
  async run(options): Promise<Report> {
    const { labs, settleS, rounds: usual } = SIZES[options.size];
    const rounds = options.rounds ?? usual;
    const folder = await temporaryFolder('labs');
    try {
      progress(`a data folder with ${labs} labs …`);
      await fillWithLabs(folder.path, labs);
      const { turns, notes, failures } = await byTurns(
        await subjectsOf(labs, folder.path),
        rounds,
        options,
        (subject, round) => startOnce(subject, CAN_LOOK && round === rounds ? settleS : undefined),
        describe,
      );
      const node = turns.find(({ peer }) => peer === bareNode)?.rounds;
      return {
        title:
          `startup: median of ${rounds} starts by turns; memory ${settleS} s after the last of them; ` +
          `+labs: with a data folder of ${whole(labs)} labs`,
        columns: [
          'process',
          'accepts, ms',
          'ready, ms',
          'lowest – highest',
          'against node -e',
          'RSS, MiB',
          'against node -e',
          'of it heaps and stacks',
          'PSS, MiB',
        ],
        rows: turns.map(({ peer, rounds }) => {
          const [idle, bare] = [idleOf(rounds), node && idleOf(node)];
          return [
            peer.name,
            cell(rounds.map(({ acceptsMs }) => acceptsMs)),
            cell(rounds.map(({ readyMs }) => readyMs)),
            spread(rounds.map(lastMs), milliseconds),
            node ? times(median(rounds.map(lastMs)) / median(node.map(lastMs))) : '–',
            idle ? mib(idle.rssBytes) : '–',
            idle && bare ? times(idle.rssBytes / bare.rssBytes) : '–',
            idle ? mib(idle.anonymousBytes) : '–',
            idle?.pssBytes === undefined ? '–' : mib(idle.pssBytes),
          ];
        }),
        notes: [
          ...notes,
          'From spawn. Accepts: an MQTT client; of node -e, a TCP connection. Ready: /readyz answers 200; of the worker, an ' +
            'observation published to Mosquitto is in Redis; of FastAPI, it answers at all. The other columns are of the later of the two.',
          'Memory is of the process alone, without its Redis or Mosquitto. PSS is smaller the more other Node processes run: ' +
            'they have the pages of the program in common, the bench among them.',
        ],
        failures,
        figures: { labs, settleS, turns: byName(turns) },
      };
    } finally {
      await folder.remove();
    }
  },
};

async function subjectsOf(labs: number, folder: string): Promise<readonly Subject[]> {
  return [
    bareNode,
    humtempStart(0, undefined),
    humtempStart(labs, folder),
    humtempStartRedis,
    humtempBroker,
    humtempWorker,
    humtempApi,
    plainAedes,
    mosquitto,
    fastApi(await pythonWithFastApi()),
  ];
}

function describe(started: Started): string {
  const { memory } = started;
  const kept = memory === undefined ? '' : `, ${mib(memory.rssBytes)} MiB`;
  return `${milliseconds(lastMs(started))} ms${kept}`;
}

/** When it had come as far as is looked at. */
function lastMs({ acceptsMs = 0, readyMs = 0 }: Started): number {
  return Math.max(acceptsMs, readyMs);
}

function idleOf(rounds: readonly Started[]): IdleMemory | undefined {
  return rounds.at(-1)?.memory;
}

function cell(values: readonly (number | undefined)[]): string {
  return values.includes(undefined) ? '–' : milliseconds(median(values as number[]));
}

function milliseconds(ms: number): string {
  return ms.toFixed(ms < 100 ? 1 : 0);
}
