import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@humtemp/test-services';
import type { Candidate } from '../by-turns.js';
import { missingFastApi, type Python, spawnFastApi } from '../http/fastapi.js';
import { startComposeMosquitto, startComposeRedis } from '../peers/compose-services.js';
import { findProgram } from '../processes/find-program.js';
import { listeners, spawnHumtemp } from '../processes/humtemp-process.js';
import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';
import { openRedisStore } from '../redis.js';
import { knownLabs } from './lab-folder.js';
import { acceptsClients, answers, counts, listens, type Moment } from './moments.js';

/** What is started, and what has to run before. */
export interface Subject extends Candidate {
  /** Not timed: ports, folders, and the processes that it talks to. */
  prepare(processes: ProcessGroup): Promise<Start>;
}

export interface Start {
  launch(): RunningProcess;
  /** It accepts MQTT clients. Undefined: it has no listener for them. */
  readonly accepts?: Moment;
  /** It can do all its work. */
  readonly ready?: Moment;
  /** What must hold once it is ready. @throws if it does not */
  check?(): Promise<void>;
  /** Lets go of what the moments needed. */
  close?(): Promise<void>;
}

/** The least that Node takes; it accepts TCP connections. */
export const bareNode: Subject = {
  name: 'node -e',
  async prepare(processes) {
    const port = await freePort();
    const script = `require('net').createServer().listen(${port}, '127.0.0.1')`;
    return {
      launch: () => processes.spawn('node', process.execPath, ['-e', script]),
      accepts: listens(port),
    };
  },
};

/** aedes as its own documentation starts it. */
export const plainAedes: Subject = {
  name: 'aedes',
  async prepare(processes) {
    const port = await freePort();
    const script = `
      import { createServer } from 'node:net';
      import { Aedes } from '${import.meta.resolve('aedes')}';
      const aedes = await Aedes.createBroker({});
      createServer((socket) => aedes.handle(socket)).listen(${port}, '127.0.0.1');`;
    const args = ['--input-type=module', '-e', script];
    return {
      launch: () => processes.spawn('aedes', process.execPath, args),
      accepts: acceptsClients(port),
    };
  },
};

export const mosquitto: Subject = {
  name: 'Mosquitto',
  programs: ['mosquitto'],
  async prepare(processes) {
    const port = await freePort();
    const file = join(await processes.folder(), 'mosquitto.conf');
    await writeFile(file, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
    return {
      launch: () => processes.spawn('mosquitto', findProgram('mosquitto')!, ['-c', file]),
      accepts: acceptsClients(port),
    };
  },
};

/** humtemp start without any setting. `from`: the data folder, with these labs, to start with a copy of; undefined: an empty one. */
export function humtempStart(labs: number, from: string | undefined): Subject {
  return {
    name: from === undefined ? 'humtemp start' : 'humtemp start+labs',
    async prepare(processes) {
      const folder = await processes.folder();
      if (from !== undefined) await cp(from, folder, { recursive: true });
      const [apiPort, mqttPort] = [await freePort(), await freePort()];
      return {
        launch: () => spawnHumtemp(processes, { ...listeners(apiPort, mqttPort), HUMTEMP_DATA_DIR: folder }),
        accepts: acceptsClients(mqttPort),
        ready: answers(apiPort, '/readyz', 200),
        async check() {
          const known = await knownLabs(apiPort);
          if (known !== labs) throw new Error(`${known} of ${labs} labs are known after the start`);
        },
      };
    },
  };
}

export const humtempStartRedis: Subject = {
  name: 'humtemp start+Redis',
  programs: ['redis-server'],
  async prepare(processes) {
    const { url } = await startComposeRedis(processes);
    const [apiPort, mqttPort] = [await freePort(), await freePort()];
    return {
      launch: () => spawnHumtemp(processes, { ...listeners(apiPort, mqttPort), HUMTEMP_REDIS_URL: url }),
      accepts: acceptsClients(mqttPort),
      ready: answers(apiPort, '/readyz', 200),
    };
  },
};

export const humtempBroker: Subject = {
  name: 'humtemp broker',
  async prepare(processes) {
    const [port, folder] = [await freePort(), await processes.folder()];
    const env = { HUMTEMP_MQTT_PORT: `${port}`, HUMTEMP_DATA_DIR: folder };
    return { launch: () => spawnHumtemp(processes, env, { role: 'broker' }), accepts: acceptsClients(port) };
  },
};

/** It listens to nobody: ready means that the first observation is counted. */
export const humtempWorker: Subject = {
  name: 'humtemp worker',
  programs: ['mosquitto', 'redis-server'],
  async prepare(processes) {
    const { url } = await startComposeRedis(processes);
    const { mqttPort } = await startComposeMosquitto(processes);
    // With the prefix that humtemp has unless it is configured otherwise.
    const store = await openRedisStore(url, 'humtemp:');
    const env = { HUMTEMP_MQTT_URL: `mqtt://127.0.0.1:${mqttPort}`, HUMTEMP_REDIS_URL: url };
    return {
      launch: () => spawnHumtemp(processes, env, { role: 'worker' }),
      ready: counts(mqttPort, store),
      close: () => store.close(),
    };
  },
};

export const humtempApi: Subject = {
  name: 'humtemp api',
  programs: ['redis-server'],
  async prepare(processes) {
    const { url } = await startComposeRedis(processes);
    const port = await freePort();
    const env = { HUMTEMP_API_PORT: `${port}`, HUMTEMP_REDIS_URL: url };
    return {
      launch: () => spawnHumtemp(processes, env, { role: 'api' }),
      ready: answers(port, '/readyz', 200),
    };
  },
};

/** The reference; it has no /readyz, and ready means that it knows that it has none. */
export function fastApi(python: Python | undefined): Subject {
  return {
    name: 'FastAPI',
    programs: [...missingFastApi(python), 'redis-server'],
    async prepare(processes) {
      const { url } = await startComposeRedis(processes);
      const port = await freePort();
      return {
        launch: () => spawnFastApi(processes, python!, 'uvicorn', port, url),
        ready: answers(port, '/readyz', 404),
      };
    },
  };
}
