import { byTurns, type Turns } from '../by-turns.js';
import { median, percent, spread, times, whole } from '../figures.js';
import type { Options } from '../options.js';
import type { Peer } from '../peers/peer.js';
import { CAN_LOOK } from '../processes/process-figures.js';
import type { Report, Scenario } from '../scenario.js';
import { type Behind, behindOnce } from './behind-once.js';
import { installNodeRed } from './node-red.js';
import { BARE_SOCKET, LABS, NODE_RED, OTHER_BROKERS, SETUPS, type Setup, THIRTY_LINES } from './setups.js';

const SIZES = {
  normal: { publishes: 240_000, warmUpPublishes: 20_000, rounds: 3 },
  smoke: { publishes: 4000, warmUpPublishes: 1000, rounds: 1 },
};
/** Of a setup that gets a share of them. */
const PUBLISHES_MIN = 1000;
/** More of the machine than this in the hands of other programs spoils the rates. */
const OTHERS_LIMIT = 0.1;

/** Consumers behind an external broker: what each of them costs. */
export const workerBehind: Scenario = {
  name: 'worker-behind',
  summary:
    'publishes/s and CPU of consumers behind Mosquitto: the worker, 30 lines, Node-RED; and other brokers',
  async run(options): Promise<Report> {
    const size = SIZES[options.size];
    const rounds = options.rounds ?? size.rounds;
    const publishes = options.observations ?? size.publishes;
    const { candidates, notes: leftOut } = await candidatesOf(options);
    const { turns, notes, failures } = await byTurns<Behind>(
      candidates,
      rounds,
      options,
      (peer) => {
        const share = Math.max(PUBLISHES_MIN, publishes * setupOf(peer).share);
        return behindOnce(
          setupOf(peer),
          { publishes: share, warmUpPublishes: size.warmUpPublishes },
          options,
        );
      },
      ({ publishesPerS, consumerCpuUs }) =>
        `${whole(publishesPerS)} publishes/s, ${consumerCpuUs.toFixed(2)} µs of the consumer for each`,
    );
    return {
      title:
        `worker-behind: 10 connections with 1,000 in flight each publish at QoS 1 to the broker, ${whole(publishes)} observations ` +
        `(fewer for slow consumers) of ${whole(LABS)} labs, until the consumer has counted the last; median of ${rounds} by turns`,
      columns: [
        'broker and consumer',
        "the consumer's acknowledgement means",
        'publishes/s',
        'lowest – highest',
        'CPU µs per publish: consumer (of it kernel)',
        'broker',
        'Redis',
        'publishes per second of CPU of the consumer',
        'against 30 lines',
        'counted of published',
      ],
      rows: turns.map((turn) => rowOf(turn, turns)),
      notes: [...leftOut, ...notes, ...notesOn(turns)],
      failures: [...failures, ...turns.flatMap(failuresOf)],
      figures: { publishes, turns: turns.map(({ peer, rounds }) => ({ peer: peer.name, rounds })) },
    };
  },
};

/** Without those that a small run has no time for, unless they are named, and without what cannot be installed. */
async function candidatesOf(
  options: Options,
): Promise<{ candidates: readonly Peer[]; notes: readonly string[] }> {
  const named = options.peers.map((name) => name.toLowerCase());
  const isWanted = ({ peer, slowToStart }: Setup) =>
    named.length === 0 ? options.size !== 'smoke' || !slowToStart : named.includes(peer.name.toLowerCase());
  const notes = SETUPS.filter((setup) => named.length === 0 && !isWanted(setup)).map(
    ({ peer }) => `${peer.name}: left out, it takes long to start; --peers ${peer.name} has it.`,
  );
  // All of them where some are named, so that a name that there is not is found out.
  let setups = named.length === 0 ? SETUPS.filter(isWanted) : SETUPS;
  if (isWanted(NODE_RED))
    try {
      await installNodeRed();
    } catch (error) {
      if (named.length > 0) throw error;
      const text = error instanceof Error ? error.message : String(error);
      const reason = /npm error code (\S+)/.exec(text)?.[1] ?? text.split('\n', 1)[0];
      notes.push(`${NODE_RED.peer.name}: left out, npm could not install it: ${reason}`);
      setups = setups.filter((setup) => setup !== NODE_RED);
    }
  return { candidates: setups.map(({ peer }) => peer), notes };
}

function setupOf(peer: Peer): Setup {
  return SETUPS.find((setup) => setup.peer === peer)!;
}

function rowOf({ peer, rounds }: Turns<Behind>, turns: readonly Turns<Behind>[]): string[] {
  const lines = turns.find((turn) => turn.peer === THIRTY_LINES.peer)?.rounds;
  const rates = rounds.map(({ publishesPerS }) => publishesPerS);
  const us = (value: number | undefined) => (CAN_LOOK && value !== undefined ? value.toFixed(2) : '–');
  const kernel = median(rounds.map(({ consumerSystemShare }) => consumerSystemShare));
  const redis = rounds.map(({ redisCpuUs }) => redisCpuUs).filter((value) => value !== undefined);
  return [
    peer.name,
    setupOf(peer).consumerAcknowledges,
    whole(median(rates)),
    spread(rates, whole),
    CAN_LOOK ? `${us(consumerCpuUs(rounds))} (${percent(kernel)})` : '–',
    us(median(rounds.map(({ brokerCpuUs }) => brokerCpuUs))),
    us(redis.length > 0 ? median(redis) : undefined),
    CAN_LOOK ? whole(1e6 / consumerCpuUs(rounds)) : '–',
    CAN_LOOK && lines && !OTHER_BROKERS.includes(setupOf(peer))
      ? times(consumerCpuUs(lines) / consumerCpuUs(rounds))
      : '–',
    `${whole(sum(rounds, ({ counted }) => counted))} of ${whole(sum(rounds, ({ publishes }) => publishes))}`,
  ];
}

function notesOn(turns: readonly Turns<Behind>[]): string[] {
  const notes = CAN_LOOK ? [] : ['No CPU times: there is no /proc here.'];
  const waited = Math.max(0, ...turns.flatMap(({ rounds }) => rounds.map((round) => round.waited)));
  if (waited > 0)
    notes.push(
      `At most ${whole(waited)} publishes waited for their consumer when the load was through; Mosquitto drops none before ` +
        '1,000,000 (docker/mosquitto.conf).',
    );
  if (turns.some(({ peer }) => OTHER_BROKERS.includes(setupOf(peer))))
    notes.push(
      'NATS and RabbitMQ grant shared subscriptions and deliver nothing to them: there the worker has HUMTEMP_MQTT_GROUP set to ' +
        'nothing, and there can be only one. They are the limit there; the fewer publishes come in a second, the fewer the worker ' +
        'commits at a time, and the more each of them costs.',
    );
  if (turns.some(({ peer }) => peer === BARE_SOCKET.peer))
    notes.push(
      'The bare socket is the floor of the rate. Its CPU is that of waking up: the less a consumer has to do, the fewer publishes ' +
        'it finds at each read.',
    );
  for (const { peer, rounds } of turns) {
    const others = Math.max(...rounds.map((round) => round.others));
    if (others >= OTHERS_LIMIT)
      notes.push(
        `${peer.name}: other programs took up to ${percent(others)} of the machine: do not trust the rates.`,
      );
  }
  return notes;
}

/** What ours has lost, or counted twice. */
function failuresOf({ peer, rounds }: Turns<Behind>): string[] {
  if (!setupOf(peer).isOurs) return [];
  return rounds.flatMap(({ publishes, counted }, i) =>
    counted === publishes
      ? []
      : [`${peer.name}, round ${i + 1}: ${counted} of ${publishes} publishes counted`],
  );
}

function consumerCpuUs(rounds: readonly Behind[]): number {
  return median(rounds.map((round) => round.consumerCpuUs));
}

function sum(rounds: readonly Behind[], figure: (round: Behind) => number): number {
  return rounds.reduce((total, round) => total + figure(round), 0);
}
