import { rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Installation } from './installation.js';

/** Something that goes wrong, the alerts that it must raise, and how it ends. */
export interface Scene {
  readonly name: string;
  readonly raises: readonly string[];
  /** What may be raised besides: what comes of the same cause, if this machine is slow. */
  readonly mayRaise?: readonly string[];
  readonly begin: () => unknown;
  /** Again and again, until all alerts fire. */
  readonly goOn?: () => unknown;
  readonly end: () => unknown;
}

const BALLAST_BYTES = 58 * 2 ** 20;

/** Each alert of the rules is in one of these. */
export function scenesOf(installation: Installation, disk: string): readonly Scene[] {
  const { workers, mosquitto, redis, api, alone, sending } = installation;
  const held: { destroy(): void }[] = [];
  const ballast = join(disk, 'ballast');
  return [
    {
      name: 'a worker is killed, and started',
      raises: ['HumtempDown'],
      mayRaise: ['HumtempWorkerNotReady'],
      begin: () => workers[1]!.process.kill(),
      end: () => workers[1]!.start(),
    },
    {
      name: 'a worker starts anew three times',
      raises: ['HumtempRestarts'],
      mayRaise: ['HumtempDown', 'HumtempWorkerNotReady'],
      begin: async () => {
        for (let i = 0; i < 3; i++) {
          await workers[0]!.restart();
          await workers[0]!.process.ready(`http://${workers[0]!.host}`);
          await pause(2000);
        }
      },
      end: () => {},
    },
    {
      name: 'Mosquitto ends, and is back',
      raises: ['HumtempWorkerNotReady'],
      begin: () => mosquitto.terminate(),
      end: () => mosquitto.start(),
    },
    {
      name: 'an address opens more connections than it may',
      raises: ['HumtempBrokerDrops'],
      begin: () => held.push(connect(alone.mqttPort, '127.0.0.1').on('error', () => {})),
      goOn: () => connect(alone.mqttPort, '127.0.0.1').on('error', () => {}),
      end: () => {
        for (const socket of held) socket.destroy();
      },
    },
    {
      name: 'Redis is killed, while observations come and readers ask; it is back after half a minute',
      raises: ['HumtempStoreDown', 'HumtempCommitsWait', 'HumtempRequestsFail'],
      begin: () => redis.kill(),
      goOn: () => fetch(`http://${api.host}/labs`).then((response) => response.body?.cancel()),
      end: () => redis.start(),
    },
    {
      name: 'the disk of an embedded store fills, and is emptied',
      raises: ['HumtempDiskFills'],
      begin: () => writeFileSync(ballast, Buffer.alloc(BALLAST_BYTES)),
      end: () => rmSync(ballast),
    },
    {
      name: 'somebody writes into a value of Redis',
      raises: ['HumtempUnreadableValues'],
      begin: () => spoil(redis.url, 'library-3'),
      end: () => {},
    },
    {
      name: 'a process says that it has lost count (made up: no way is known to bring it about)',
      raises: ['HumtempLedgerImbalance'],
      begin: () => {
        installation.imbalance = 3;
      },
      end: () => {
        installation.imbalance = 0;
      },
    },
    {
      name: 'what comes is ten minutes old',
      raises: ['HumtempLags'],
      begin: () => Object.assign(sending, { ageS: 600 }),
      end: () => Object.assign(sending, { ageS: 0 }),
    },
    {
      name: 'two of ten sensors send what is no observation',
      raises: ['HumtempRejections'],
      begin: () => Object.assign(sending, { bad: 2 }),
      end: () => Object.assign(sending, { bad: 0 }),
    },
    {
      name: 'it is too warm',
      raises: ['HumtempLabOutOfRange'],
      begin: () => Object.assign(sending, { temp: 31 }),
      end: () => Object.assign(sending, { temp: 21 }),
    },
    {
      name: 'a lab is silent',
      raises: ['HumtempLabStale'],
      begin: () => Object.assign(sending, { labs: 9 }),
      end: () => Object.assign(sending, { labs: 10 }),
    },
    {
      name: 'all sensors are silent',
      raises: ['HumtempSilent'],
      begin: () => installation.pauseSending(),
      end: () => installation.send(),
    },
    {
      name: 'a quarter comes of what came before',
      raises: ['HumtempFewObservations'],
      begin: () => Object.assign(sending, { everyNth: 4 }),
      end: () => Object.assign(sending, { everyNth: 1 }),
    },
  ];
}

/** Makes what Redis keeps of a lab unreadable. */
async function spoil(url: string, lab: string): Promise<void> {
  const redis = new Redis(url);
  const keys = await redis.keys(`*:lab:${lab}`);
  for (const key of keys) await redis.set(key, 'spoilt', 'KEEPTTL');
  redis.disconnect();
}
