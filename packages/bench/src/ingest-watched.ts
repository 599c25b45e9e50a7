import { type CpuUsed, CpuWatch } from './cpu-watch.js';
import type { IngestLoad, IngestLoadDone } from './load/ingest-load.js';
import type { Peer, RunningPeer } from './peers/peer.js';
import type { ProcessGroup } from './processes/process-group.js';
import { within } from './within.js';

/** What one load on a running peer gave. */
export interface IngestWatched {
  readonly publishes: number;
  /** Until all are acknowledged and, by a peer that stores, committed. */
  readonly seconds: number;
  readonly publishesPerS: number;
  /** User and system time of each process, in all. */
  readonly cpu: Readonly<Record<string, CpuUsed>>;
  readonly loadCpu: CpuUsed;
  /** Share of the time in which the load was not waiting. */
  readonly busy: number;
  /** Share of the machine that other programs took meanwhile. */
  readonly others: number;
}

const ROUND_S_MAX = 600;
const LOOK_MS = 20;

/**
 * Puts the load of the ingest scenarios on a peer that runs, with what each process takes of the CPU.
 * @param committedBefore observations that the peer has committed already
 * @throws if not every observation is committed in the end.
 */
export function ingestWatched(
  peer: Peer,
  running: RunningPeer,
  processes: ProcessGroup,
  load: IngestLoad,
  committedBefore = 0,
): Promise<IngestWatched> {
  const measure = async (): Promise<IngestWatched> => {
    const child = processes.startChild('ingest-load', { ...load, port: running.mqttPort });
    const publishes = await child.hear<number>('ready');
    const watch = new CpuWatch([...running.processes, child]);
    const finished = child.hear<IngestLoadDone>('done');
    child.tell('go');
    const done = await finished;
    const committedMs = await untilCommitted(peer, running, committedBefore + publishes);
    const { byProcess, others } = watch.stop();
    const { [child.name]: loadCpu, ...cpu } = byProcess;
    const seconds = committedMs === undefined ? done.seconds : (committedMs - done.startedMs) / 1000;
    child.process.kill();
    return {
      publishes,
      seconds,
      publishesPerS: publishes / seconds,
      cpu,
      loadCpu: loadCpu!,
      busy: done.busy,
      others,
    };
  };
  return within(ROUND_S_MAX, measure());
}

/**
 * Resolves when so many observations are committed, with the Unix time in milliseconds at which that was seen; undefined where nothing
 * has to be waited for. @throws if a peer that commits first has not committed exactly what it has acknowledged.
 */
export async function untilCommitted(
  peer: Peer,
  { committed }: RunningPeer,
  wanted: number,
): Promise<number | undefined> {
  if (committed === undefined) return undefined;
  for (let last = { count: -1, atMs: Date.now() }; ; ) {
    const count = await committed();
    if (count === wanted) return peer.commitsFirst ? undefined : Date.now();
    if (count > last.count) last = { count, atMs: Date.now() };
    if (peer.commitsFirst || count > wanted || Date.now() - last.atMs > GIVE_UP_MS)
      throw new Error(`acknowledged ${wanted} observations, and has committed ${count}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Without a further commit for this long, there will be none. */
const GIVE_UP_MS = 10_000;
