import { byName, byTurns, isNamed, named, type Turns as TurnsOf } from '../by-turns.js';
import { median, percent, spread, times, whole } from '../figures.js';
import { noteOnCpu, noteOnOthers } from '../measuring/doubts.js';
import { CAN_LOOK } from '../measuring/process-figures.js';
import type { Options } from '../options.js';
import type { Report, Scenario } from '../scenario.js';
import { type Behind, behindOnce } from './behind-once.js';
import { installNodeRed, nodeRedIsInstalled } from './node-red.js';
import { BARE_SOCKET, LABS, NODE_RED, OTHER_BROKERS, SETUPS, type Setup, THIRTY_LINES } from './setups.js';

const SIZES = {
  normal: { publishes: 240_000, warmUpPublishes: 20_000, rounds: 3 },
  short: { publishes: 240_000, warmUpPublishes: 20_000, rounds: 1 },
  smoke: { publishes: 4000, warmUpPublishes: 1000, rounds: 1 },
};
/** Of a setup that gets a share of them. */
const PUBLISHES_MIN = 1000;

type Turns = TurnsOf<Behind, Setup>;

/** Consumers behind an external broker: what each of them costs. */
export const workerBehind: Scenario = {
  name: 'worker-behind',
  summary:
    'publishes/s and CPU of consumers behind Mosquitto: the worker, 30 lines, Node-RED; and other brokers',
  async run(options): Promise<Report> {
    const size = SIZES[options.size];
    const rounds = options.rounds ?? size.rounds;
    const publishes = options.observations ?? size.publishes;
    const { setups, notes: leftOut } = await setupsHere(options);
    const { turns, notes, failures } = await byTurns(
      setups,
      rounds,
      options,
      (setup) => {
        const share = Math.max(PUBLISHES_MIN, publishes * setup.share);
        return behindOnce(setup, { publishes: share, warmUpPublishes: size.warmUpPublishes }, options);
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
      figures: { publishes, turns: byName(turns) },
    };
  },
};

/** All of them, but for Node-RED where there is no time for it, unless it is named, or where it cannot be installed. */
async function setupsHere(options: Options): Promise<{ setups: readonly Setup[]; notes: readonly string[] }> {
  const isWanted = isNamed(NODE_RED, options);
  const without = (why: string) => ({
    setups: SETUPS.filter((setup) => setup !== NODE_RED),
    notes: [`${NODE_RED.name}: left out, ${why}`],
  });
  if (isWanted || (options.peers.length === 0 && options.size === 'normal'))
    try {
      await installNodeRed();
    } catch (error) {
      if (isWanted) throw error;
      const text = error instanceof Error ? error.message : String(error);
      const reason = /npm error code (\S+)/.exec(text)?.[1] ?? text.split('\n', 1)[0];
      return without(`npm could not install it: ${reason}`);
    }
  else if (options.peers.length === 0 && (options.size === 'smoke' || !nodeRedIsInstalled()))
    return without(`it takes long to install or to start; --peers ${NODE_RED.name} has it.`);
  return { setups: SETUPS, notes: [] };
}

function rowOf({ peer, rounds }: Turns, turns: readonly Turns[]): string[] {
  const lines = turns.find((turn) => turn.peer === THIRTY_LINES)?.rounds;
  const rates = rounds.map(({ publishesPerS }) => publishesPerS);
  const us = (value: number | undefined) => (CAN_LOOK && value !== undefined ? value.toFixed(2) : '–');
  const kernel = median(rounds.map(({ consumerSystemShare }) => consumerSystemShare));
  const redis = rounds.map(({ redisCpuUs }) => redisCpuUs).filter((value) => value !== undefined);
  return [
    peer.name,
    peer.consumerAcknowledges,
    whole(median(rates)),
    spread(rates, whole),
    CAN_LOOK ? `${us(consumerCpuUs(rounds))} (${percent(kernel)})` : '–',
    us(median(rounds.map(({ brokerCpuUs }) => brokerCpuUs))),
    us(redis.length > 0 ? median(redis) : undefined),
    CAN_LOOK ? whole(1e6 / consumerCpuUs(rounds)) : '–',
    CAN_LOOK && lines && !OTHER_BROKERS.includes(peer)
      ? times(consumerCpuUs(lines) / consumerCpuUs(rounds))
      : '–',
    `${whole(sum(rounds, ({ counted }) => counted))} of ${whole(sum(rounds, ({ publishes }) => publishes))}`,
  ];
}

function notesOn(turns: readonly Turns[]): string[] {
  const notes = noteOnCpu();
  const waited = Math.max(0, ...turns.flatMap(({ rounds }) => rounds.map((round) => round.waited)));
  if (waited > 0)
    notes.push(
      `At most ${whole(waited)} publishes waited for their consumer when the load was through; Mosquitto drops none before ` +
        '1,000,000 (docker/mosquitto.conf).',
    );
  if (turns.some(({ peer }) => OTHER_BROKERS.includes(peer)))
    notes.push(
      'NATS and RabbitMQ grant shared subscriptions and deliver nothing to them: there the worker has HUMTEMP_MQTT_GROUP set to ' +
        'nothing, and there can be only one. They are the limit there; the fewer publishes come in a second, the fewer the worker ' +
        'commits at a time, and the more each of them costs.',
    );
  if (turns.some(({ peer }) => peer === BARE_SOCKET))
    notes.push(
      'The bare socket is the floor of the rate. Its CPU is that of waking up: the less a consumer has to do, the fewer publishes ' +
        'it finds at each read.',
    );
  return [...notes, ...noteOnOthers(named(turns))];
}

/** What ours has lost, or counted twice. */
function failuresOf({ peer, rounds }: Turns): string[] {
  if (!peer.isOurs) return [];
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
