import { setTimeout as pause } from 'node:timers/promises';
import { openConnection } from '../load/mqtt-connection.js';
import { observationFrame } from '../load/observation-frames.js';
import type { PacedLoad, PacedLoadDone } from '../load/paced-load.js';
import { CpuWatch, totalUs } from '../measuring/cpu-watch.js';
import { CAN_LOOK, memory } from '../measuring/process-figures.js';
import { within } from '../measuring/within.js';
import { humtempPeer } from '../peers/humtemp.js';
import type { PeerOptions, RunningPeer } from '../peers/peer.js';
import { withPeer } from '../peers/peers.js';
import { ProcessGroup } from '../processes/process-group.js';
import type { StreamLoad, StreamLoadDone } from './stream-clients.js';

/** One number of clients, measured once. */
export interface Streamed {
  readonly clients: number;
  readonly load: PacedLoadDone;
  /** Of the server, in the time that was measured. */
  readonly cpuUs: number;
  readonly seconds: number;
  readonly others: number;
  readonly rssBytes: number;
  /** Undefined without clients. */
  readonly told: StreamLoadDone | undefined;
  /** From SIGTERM until the process had ended, its clients connected. */
  readonly stopMs: number;
}

/** The same clients and bytes, and nothing but sockets. */
export interface Floored {
  readonly clients: number;
  readonly cpuUs: number;
  readonly seconds: number;
  readonly bytes: number;
}

/** In what it takes longer than this, something hangs. */
const STEP_S_MAX = 120;
const STOP_MS_MAX = 30_000;
const DAY_MS = 86_400_000;

/** @throws if an observation is lost on the way to the store, or if humtemp does not end well. */
export function streamOnce(clients: number, load: PacedLoad, options: PeerOptions): Promise<Streamed> {
  return withPeer(humtempPeer, options, async (running, processes) => {
    const startMs = Date.now();
    const server = running.processes[0]!;
    await publishOnce(running.mqttPort, load.labs);
    const published = load.labs + Math.floor(load.perS * (load.warmUpS + load.durationS));
    const streams =
      clients === 0
        ? undefined
        : processes.startChild('stream-clients', {
            ...({ clients, labs: load.labs, observations: published } satisfies StreamLoad),
            port: running.apiPort,
          });
    await within(STEP_S_MAX, streams?.hear('ready') ?? Promise.resolve());
    const publishers = processes.startChild('paced-load', { ...load, port: running.mqttPort });
    await within(STEP_S_MAX, publishers.hear('ready'));
    publishers.tell('go');
    await within(STEP_S_MAX, publishers.hear('warm'));
    streams?.tell('measure');
    const watch = new CpuWatch([server]);
    const done = await within(STEP_S_MAX, publishers.hear<PacedLoadDone>('done'));
    const { byProcess, seconds, others } = watch.stop();
    const rssBytes = CAN_LOOK ? memory(server.pid).rssBytes : 0;
    streams?.tell('finish');
    const told = await within(
      STEP_S_MAX,
      streams?.hear<StreamLoadDone>('done') ?? Promise.resolve(undefined),
    );
    const committed = await running.committed!();
    if (committed !== published) throw new Error(`published ${published}, and has committed ${committed}`);
    const ended = streams?.hear('ended');
    const stopMs = await stopWith(running, processes);
    await within(STEP_S_MAX, ended ?? Promise.resolve());
    // Midnight has begun another bucket, which has only a part of them.
    const isOneDay = Math.floor((startMs - STEP_S_MAX * 1000) / DAY_MS) === Math.floor(Date.now() / DAY_MS);
    return {
      clients,
      load: done,
      cpuUs: totalUs(byProcess),
      seconds,
      others,
      rssBytes,
      told: told && !isOneDay ? { ...told, incomplete: 0, wentBack: 0 } : told,
      stopMs,
    };
  });
}

/** SIGTERM. @returns how long it took. @throws if the process ends badly, or does not. */
async function stopWith({ processes: [server] }: RunningPeer, group: ProcessGroup): Promise<number> {
  const startMs = performance.now();
  process.kill(server!.pid, 'SIGTERM');
  for (;;) {
    const [how] = group.ended();
    const tookMs = performance.now() - startMs;
    if (how?.includes('ended with 0:')) return tookMs;
    if (how !== undefined) throw new Error(how);
    if (tookMs > STOP_MS_MAX) throw new Error(`not ended ${STOP_MS_MAX / 1000} s after SIGTERM`);
    await pause(5);
  }
}

/** So that every lab is known when the clients come. */
async function publishOnce(port: number, labs: number): Promise<void> {
  let bytes = 0;
  let acknowledged: () => void;
  const all = new Promise<void>((resolve) => {
    acknowledged = resolve;
  });
  const socket = await openConnection(port, 'first', ({ length }) => {
    bytes += length;
    if (bytes === labs * 4) acknowledged();
  });
  for (let lab = 0; lab < labs; lab++)
    socket.write(observationFrame(`lab-${String(lab).padStart(6, '0')}`, Date.now(), lab, 1, lab + 1));
  await within(STEP_S_MAX, all);
  socket.destroy();
}

export async function floorOnce(
  clients: number,
  { all, five }: StreamLoadDone['eventBytes'],
  durationS: number,
): Promise<Floored> {
  const processes = new ProcessGroup();
  try {
    const server = processes.startChild('stream-floor', { all, some: five });
    const port = await within(STEP_S_MAX, server.hear<number>('port'));
    const load: StreamLoad = { clients, labs: 50, observations: undefined };
    const streams = processes.startChild('stream-clients', { ...load, port });
    await within(STEP_S_MAX, streams.hear('ready'));
    streams.tell('measure');
    const watch = new CpuWatch([{ name: 'floor', pid: server.pid }]);
    await pause(durationS * 1000);
    const { byProcess, seconds } = watch.stop();
    streams.tell('finish');
    const { bytes } = await within(STEP_S_MAX, streams.hear<StreamLoadDone>('done'));
    return { clients, cpuUs: totalUs(byProcess), seconds, bytes };
  } finally {
    await processes.stop();
  }
}
