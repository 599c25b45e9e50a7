import { get } from 'node:http';
import { connect } from 'node:net';
import type { RedisStore } from '@humtemp/bucket-core/redis';
import { openConnection } from '../load/mqtt-connection.js';
import { observationFrame } from '../load/observation-frames.js';
import type { RunningProcess } from '../processes/process-group.js';

/** Between two looks: what the figures are exact to. */
const LOOK_MS = 2;
const STARTED_MS_MAX = 60_000;
const LAB = 'start-up';

/** Looks until a process has come so far. @throws if it ends before, or takes too long. */
export type Moment = (process: RunningProcess) => Promise<void>;

/** Somebody accepts TCP connections. */
export function listens(port: number): Moment {
  return until(
    () =>
      new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve(true));
        socket.on('error', () => resolve(false));
        socket.on('connect', () => socket.destroy());
      }),
  );
}

/** A broker accepts a client. */
export function acceptsClients(port: number): Moment {
  return until(() =>
    openConnection(port, LAB, () => {}).then(
      (socket) => socket.destroy(),
      () => false,
    ),
  );
}

/** An HTTP server answers a GET with this status. */
export function answers(port: number, path: string, status: number): Moment {
  return until(
    () =>
      new Promise((resolve) => {
        const sent = get({ port, path, host: '127.0.0.1', agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode === status);
        });
        sent.on('error', () => resolve(false));
      }),
  );
}

/** An observation that was published to an external broker is in the store; until then one is, at each look. */
export function counts(mqttPort: number, store: RedisStore): Moment {
  return async (process) => {
    const socket = await openConnection(mqttPort, LAB, () => {});
    let published = 0;
    try {
      await until(async () => {
        const nowMs = Date.now();
        socket.write(observationFrame(LAB, nowMs, published++, 0, 1));
        return (await store.latest([LAB], nowMs))[0] !== undefined;
      })(process);
    } finally {
      socket.destroy();
    }
  };
}

function until(look: () => Promise<unknown>): Moment {
  return async (process) => {
    for (const deadline = Date.now() + STARTED_MS_MAX; Date.now() < deadline; ) {
      const ended = process.ended();
      if (ended !== undefined) throw new Error(ended);
      if (await look()) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    throw new Error(`${process.name} has not started after ${STARTED_MS_MAX / 1000} s`);
  };
}
