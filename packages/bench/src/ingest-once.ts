import { cpus } from 'node:os';
import type { IngestLoad, IngestLoadDone } from './load/ingest-load.js';
import type { Peer, PeerOptions, RunningPeer } from './peers/peer.js';
import { withPeer } from './peers/peers.js';
import { CAN_LOOK, cpuUs, machineCpuUs } from './processes/process-figures.js';
import { within } from './within.js';

/** One round of one peer. */
export interface Ingested {
  readonly publishes: number;
  /** From the first publish until the last is acknowledged; where that is not yet committed, until it is. */
  readonly seconds: number;
  readonly publishesPerS: number;
  /** User and system time by process. */
  readonly cpuUsPerPublish: Readonly<Record<string, number>>;
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

/**
 * Starts a peer and its load, and measures until everything is acknowledged and, by a peer that stores, committed.
 * @throws if not every observation is committed that was acknowledged, or if it takes too long.
 */
export function ingestOnce(peer: Peer, load: IngestLoad, options: PeerOptions): Promise<Ingested> {
  return withPeer(peer, options, (running, processes) => {
    const measure = async (): Promise<Ingested> => {
      const child = processes.startChild('ingest-load', { ...load, port: running.mqttPort });
      const publishes = await child.hear<number>('ready');
      const before = look([...running.processes, child]);
      const finished = child.hear<IngestLoadDone>('done');
      child.tell('go');
      const done = await finished;
      const stored = await commits(peer, running, load.qos, publishes, done);
      const used = usedSince(before, look([...running.processes, child]));
      return {
        publishes,
        seconds: stored.seconds,
        publishesPerS: stored.committed / stored.seconds,
        cpuUsPerPublish: Object.fromEntries(
          running.processes.map(({ name }) => [name, used.us(name) / publishes]),
        ),
        busy: done.busy,
        others: used.others,
        lost: publishes - stored.committed,
      };
    };
    return within(ROUND_S_MAX, measure());
  });
}

/** How many were committed, and how long that took; of a peer that stores nothing, how many it acknowledged. */
async function commits(
  peer: Peer,
  { committed }: RunningPeer,
  qos: 0 | 1,
  publishes: number,
  done: IngestLoadDone,
): Promise<{ committed: number; seconds: number }> {
  if (committed === undefined) return { committed: publishes, seconds: done.seconds };
  if (peer.commitsFirst && qos === 1) {
    const count = await committed();
    if (count !== publishes)
      throw new Error(`acknowledged ${publishes} observations, and has committed ${count}`);
    return { committed: count, seconds: done.seconds };
  }
  const last = await untilCommitted(committed, publishes);
  if (last.count !== publishes && qos === 1)
    throw new Error(`acknowledged ${publishes} observations, and committed only ${last.count}`);
  return { committed: last.count, seconds: (last.atMs - done.startedMs) / 1000 };
}

/** Looks until so many are committed, or no more of them come. */
async function untilCommitted(
  committed: () => Promise<number>,
  wanted: number,
): Promise<{ count: number; atMs: number }> {
  let last = { count: 0, atMs: Date.now() };
  while (last.count < wanted && Date.now() - last.atMs < GIVE_UP_MS) {
    const count = await committed();
    if (count > last.count) last = { count, atMs: Date.now() };
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return last;
}

/** Times at one moment: of the clock, of the whole machine, and of each process by name. */
function look(processes: readonly { readonly name: string; readonly pid: number }[]) {
  return {
    atMs: performance.now(),
    machineUs: CAN_LOOK ? machineCpuUs() : 0,
    processUs: processes.map(({ name, pid }) => ({ name, us: CAN_LOOK ? cpuUs(pid) : 0 })),
  };
}

function usedSince(before: ReturnType<typeof look>, after: ReturnType<typeof look>) {
  const used = after.processUs.map(({ name, us }, i) => ({ name, us: us - before.processUs[i]!.us }));
  const ours = used.reduce((sum, { us }) => sum + us, 0);
  const all = (after.atMs - before.atMs) * 1000 * cpus().length;
  return {
    us: (name: string) => used.find((process) => process.name === name)?.us ?? 0,
    others: Math.max(0, (after.machineUs - before.machineUs - ours) / all),
  };
}
