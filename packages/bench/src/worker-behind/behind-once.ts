import type { IngestLoad, IngestLoadDone } from '../load/ingest-load.js';
import { CpuWatch } from '../measuring/cpu-watch.js';
import { sumUs } from '../measuring/process-figures.js';
import { within } from '../measuring/within.js';
import type { PeerOptions, RunningPeer } from '../peers/peer.js';
import { withPeer } from '../peers/peers.js';
import type { BenchChild } from '../processes/bench-child.js';
import type { ProcessGroup } from '../processes/process-group.js';
import { LABS, type Setup } from './setups.js';

/** One round of one setup. */
export interface Behind {
  readonly publishes: number;
  /** Fewer: publishes, these or of the warm-up, are lost; more: some are counted twice. */
  readonly counted: number;
  /** From the first publish until the consumer has counted the last. */
  readonly seconds: number;
  readonly publishesPerS: number;
  /** For each publish. */
  readonly brokerCpuUs: number;
  readonly consumerCpuUs: number;
  /** Undefined: this consumer has no Redis. */
  readonly redisCpuUs: number | undefined;
  /** Of the CPU of the consumer, what the kernel takes. */
  readonly consumerSystemShare: number;
  /** Most publishes that were not counted yet when the load was through: what waited in the broker, or in the consumer. */
  readonly waited: number;
  /** Share of the machine that other programs took meanwhile. */
  readonly others: number;
}

export interface BehindLoad {
  readonly publishes: number;
  /** Before the clock starts, through the same consumer. */
  readonly warmUpPublishes: number;
}

const ROUND_S_MAX = 180;
/** Without a further publish counted for this long, there will be none. */
const GIVE_UP_MS = 10_000;
const LOOK_MS_MIN = 20;
const LOOK_MS_MAX = 1000;
/** After the last has been counted: what is delivered twice comes late. */
const SETTLE_MS = 200;

/** Starts broker and consumer, and measures until the consumer has counted everything that the load has published. */
export function behindOnce(setup: Setup, load: BehindLoad, options: PeerOptions): Promise<Behind> {
  return withPeer(setup, options, (running, processes) => {
    const measure = async (): Promise<Behind> => {
      const warmedUpMs = Date.now();
      const warmUp = await startLoad(load.warmUpPublishes, running, processes);
      await warmUp.run();
      warmUp.child.process.kill();
      await untilCounted(running, warmUp.publishes);
      // Observations of a load are measured in the milliseconds before it begins, one in each for a lab: none may be one of before.
      const distinctMs = warmedUpMs + load.publishes / LABS - Date.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, distinctMs)));
      const { child, publishes, run } = await startLoad(load.publishes, running, processes);
      const watch = new CpuWatch([...running.processes, child]);
      const { startedMs } = await run();
      const total = warmUp.publishes + publishes;
      const waited = total - (await running.committed!());
      const { atMs } = await untilCounted(running, total);
      const { byProcess, others } = watch.stop();
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const counted = (await running.committed!()) - warmUp.publishes;
      const seconds = (atMs - startedMs) / 1000;
      const [broker, consumer, redis] = running.processes.map(({ name }) => byProcess[name]!);
      return {
        publishes,
        counted,
        seconds,
        publishesPerS: counted / seconds,
        brokerCpuUs: sumUs(broker!) / publishes,
        consumerCpuUs: sumUs(consumer!) / publishes,
        redisCpuUs: redis && sumUs(redis) / publishes,
        consumerSystemShare: consumer!.systemUs / sumUs(consumer!),
        waited,
        others,
      };
    };
    return within(ROUND_S_MAX, measure());
  });
}

/** Ten connections that pipeline at QoS 1, ready to begin. */
async function startLoad(
  observations: number,
  { mqttPort }: RunningPeer,
  processes: ProcessGroup,
): Promise<{ child: BenchChild; publishes: number; run: () => Promise<IngestLoadDone> }> {
  const load: IngestLoad = { connections: 10, window: 1000, perChunk: 100, labs: LABS, observations, qos: 1 };
  const child = processes.startChild('ingest-load', { ...load, port: mqttPort });
  const publishes = await child.hear<number>('ready');
  const run = () => {
    const done = child.hear<IngestLoadDone>('done');
    child.tell('go');
    return done;
  };
  return { child, publishes, run };
}

/**
 * Looks until so many are counted, or no more of them come. A look costs the consumer or its Redis something, so each comes after
 * half of the time that seems to be left.
 */
async function untilCounted(
  { committed }: RunningPeer,
  wanted: number,
): Promise<{ count: number; atMs: number }> {
  let last = { count: 0, atMs: Date.now() };
  let perMs = 0;
  while (last.count < wanted && Date.now() - last.atMs < GIVE_UP_MS) {
    const count = await committed!();
    const atMs = Date.now();
    if (count > last.count) {
      // The first look is not at the beginning of anything.
      if (last.count > 0) perMs = (count - last.count) / (atMs - last.atMs);
      last = { count, atMs };
    }
    if (last.count >= wanted) break;
    const halfMs = perMs > 0 ? (wanted - last.count) / perMs / 2 : 0;
    await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, halfMs))));
  }
  return last;
}
