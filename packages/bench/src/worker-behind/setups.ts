import { Redis } from 'ioredis';
import { startComposeMosquitto, startComposeRedis } from '../peers/compose-services.js';
import { workerPeer } from '../peers/mosquitto-worker-redis.js';
import { startNats } from '../peers/nats.js';
import type { Peer, PeerOptions, RunningPeer } from '../peers/peer.js';
import { startRabbitmq } from '../peers/rabbitmq.js';
import { startWorker } from '../peers/worker.js';
import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';
import { countedInBuckets } from './counted-buckets.js';
import { startNodeRed } from './node-red.js';

export const LABS = 1000;

/**
 * A consumer behind a broker. Its processes are the broker, the consumer and, where there is one, Redis, in this order;
 * `committed` is what the consumer has counted.
 */
export interface Setup extends Peer {
  /** What an acknowledgement by the consumer to its broker means. */
  readonly consumerAcknowledges: string;
  /** Share of the publishes that it gets: the slow ones need fewer. */
  readonly share: number;
  /** Whether everything that is lost or counted twice is a failure. */
  readonly isOurs: boolean;
}

export const WORKER: Setup = {
  ...workerPeer,
  consumerAcknowledges: 'committed to Redis',
  share: 1,
  isOurs: true,
};

export const THIRTY_LINES: Setup = {
  name: 'Mosquitto+30 lines+Redis',
  acknowledges: 'queued',
  commitsFirst: false,
  programs: ['mosquitto', 'redis-server'],
  async start(processes) {
    const mosquitto = await startComposeMosquitto(processes);
    const redis = await startComposeRedis(processes);
    const child = processes.startChild('thirty-lines', {
      mqttPort: mosquitto.mqttPort,
      redisUrl: redis.url,
    });
    await child.hear('subscribed');
    const looking = new Redis(redis.url);
    child.process.once('exit', () => looking.disconnect());
    return {
      mqttPort: mosquitto.mqttPort,
      processes: [mosquitto.process, { name: 'consumer', pid: child.pid }, redis.process],
      committed: () => countedInBuckets(looking, LABS),
    };
  },
  consumerAcknowledges: 'received; to Redis later',
  share: 1 / 4,
  isOurs: false,
};

export const NODE_RED: Setup = {
  name: 'Mosquitto+Node-RED',
  acknowledges: 'queued',
  commitsFirst: false,
  programs: ['mosquitto'],
  async start(processes) {
    const mosquitto = await startComposeMosquitto(processes);
    const nodeRed = await startNodeRed(processes, mosquitto.mqttPort);
    return {
      mqttPort: mosquitto.mqttPort,
      processes: [mosquitto.process, nodeRed.process],
      committed: nodeRed.counted,
    };
  },
  consumerAcknowledges: 'received; in memory only',
  share: 1 / 8,
  isOurs: false,
};

/** The least that a subscriber can do. */
export const BARE_SOCKET: Setup = {
  name: 'Mosquitto+bare socket',
  acknowledges: 'queued',
  commitsFirst: false,
  programs: ['mosquitto'],
  async start(processes) {
    const mosquitto = await startComposeMosquitto(processes);
    const child = processes.startChild('bare-socket', { mqttPort: mosquitto.mqttPort });
    await child.hear('subscribed');
    let counted = 0;
    child.process.on('message', (message: { word: string; value: number }) => {
      if (message.word === 'counted') counted = message.value;
    });
    return {
      mqttPort: mosquitto.mqttPort,
      processes: [mosquitto.process, { name: 'consumer', pid: child.pid }],
      committed: async () => counted,
    };
  },
  consumerAcknowledges: 'read; nothing done with it',
  share: 1,
  isOurs: false,
};

const NATS: Setup = {
  ...WORKER,
  ...workerBehind('NATS', ['nats-server'], startNats),
  share: 1 / 8,
};

const RABBITMQ: Setup = {
  ...WORKER,
  ...workerBehind('RabbitMQ', ['rabbitmq-server', 'epmd'], startRabbitmq),
  share: 1 / 8,
};

/** The worker behind brokers other than Mosquitto. */
export const OTHER_BROKERS: readonly Setup[] = [NATS, RABBITMQ];
/** In the order of the table. */
export const SETUPS: readonly Setup[] = [WORKER, THIRTY_LINES, NODE_RED, BARE_SOCKET, ...OTHER_BROKERS];

/** A worker of its own behind a broker that shares no subscriptions: it grants them, and delivers nothing. */
function workerBehind(
  broker: string,
  programs: readonly string[],
  startBroker: (processes: ProcessGroup) => Promise<{ mqttPort: number; process: RunningProcess }>,
): Peer {
  return {
    name: `${broker}+worker+Redis`,
    acknowledges: 'queued',
    commitsFirst: false,
    programs: [...programs, 'redis-server'],
    isOnlyNamed: true,
    async start(processes: ProcessGroup, options: PeerOptions): Promise<RunningPeer> {
      const { mqttPort, process } = await startBroker(processes);
      const env = { HUMTEMP_MQTT_GROUP: '' };
      const { worker, redis, ...api } = await startWorker(processes, options, mqttPort, env);
      return { mqttPort, processes: [process, worker, redis], ...api };
    },
  };
}
