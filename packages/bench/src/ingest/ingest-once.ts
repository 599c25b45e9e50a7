import type { IngestLoad, IngestLoadDone } from '../load/ingest-load.js';
import { CpuWatch } from '../measuring/cpu-watch.js';
import type { CpuUsed } from '../measuring/process-figures.js';
import { within } from '../measuring/within.js';
import type { Peer, PeerOptions, RunningPeer } from '../peers/peer.js';
import { withPeer } from '../peers/peers.js';
import type { ProcessGroup } from '../processes/process-group.js';

/** What one load on one peer gave. */
export interface Ingested {
  readonly publishes: number;
  /** From the first publish until the last is acknowledged; where that is not yet committed, until it is. */
  readonly seconds: number;
  readonly publishesPerS: number;
  /** Time of each process of the peer, in all. */
  readonly cpu: Readonly<Record<string, CpuUsed>>;
  readonly loadCpu: CpuUsed;
  /** Share of the time in which the load was not waiting. */
  readonly busy: number;
  /** Share of the machine that other programs took meanwhile. */
  readonly others: number;
  /** At QoS 0: sent and never committed. */
  readonly lost: number;
}

const ROUND_S_MAX = 600;
/** Without a further commit for this long, there will be none. */
const GIVE_UP_MS = 10_000;
const LOOK_MS = 20;

/** Starts a peer and puts one load on it. @throws as `ingestInto` */
export function ingestOnce(peer: Peer, load: IngestLoad, options: PeerOptions): Promise<Ingested> {
  return withPeer(peer, options, (running, processes) => ingestInto(peer, running, processes, load));
}

/**
 * Puts a load on a peer that runs, and measures until everything is acknowledged and, by a peer that stores, committed.
 * @throws if not every observation is committed that was acknowledged, or if it takes too long.
 */
export function ingestInto(
  peer: Peer,
  running: RunningPeer,
  processes: ProcessGroup,
  load: IngestLoad,
): Promise<Ingested> {
  const measure = async (): Promise<Ingested> => {
    const child = processes.startChild('ingest-load', { ...load, port: running.mqttPort });
    const publishes = await child.hear<number>('ready');
    const watch = new CpuWatch([...running.processes, child]);
    const finished = child.hear<IngestLoadDone>('done');
    child.tell('go');
    const done = await finished;
    const { count, seenMs } = await untilCommitted(peer, running, publishes, load.qos);
    const { byProcess, others } = watch.stop();
    const { [child.name]: loadCpu, ...cpu } = byProcess;
    const seconds = seenMs === undefined ? done.seconds : (seenMs - done.startedMs) / 1000;
    child.process.kill();
    return {
      publishes,
      seconds,
      publishesPerS: count / seconds,
      cpu,
      loadCpu: loadCpu!,
      busy: done.busy,
      others,
      lost: publishes - count,
    };
  };
  return within(ROUND_S_MAX, measure());
}

/**
 * Looks until so many observations are committed; at QoS 0, or until no more of them come.
 * @returns how many are, and the Unix time in milliseconds at which that was seen; undefined where it was so with the last
 * acknowledgement. Of a peer that stores nothing, what is wanted.
 * @throws if they are not, though all were acknowledged.
 */
export async function untilCommitted(
  peer: Peer,
  { committed }: RunningPeer,
  wanted: number,
  qos: 0 | 1,
): Promise<{ readonly count: number; readonly seenMs: number | undefined }> {
  if (committed === undefined) return { count: wanted, seenMs: undefined };
  const isCommitted = peer.commitsFirst && qos === 1;
  for (let last = { count: -1, seenMs: Date.now() }; ; ) {
    const count = await committed();
    if (count > last.count) last = { count, seenMs: Date.now() };
    if (count === wanted) return { count, seenMs: isCommitted ? undefined : last.seenMs };
    if (isCommitted || count > wanted || Date.now() - last.seenMs > GIVE_UP_MS) {
      if (qos === 0) return last;
      throw new Error(`acknowledged ${wanted} observations, and has committed ${count}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
