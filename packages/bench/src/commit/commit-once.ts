import { isDeepStrictEqual } from 'node:util';
import { Redis } from 'ioredis';
import type { Observations, Total } from './observations.js';
import type { OpenWay, Way } from './way.js';

/** One round of one way. */
export interface Committed {
  readonly observations: number;
  readonly seconds: number;
  readonly observationsPerS: number;
  /** User and system time. */
  readonly cpuUsPerObservation: { readonly redis: number; readonly own: number };
  /** What Redis got to read. */
  readonly bytesPerObservation: number;
}

/** Labs that are held against the truth in the end. */
const LABS_CHECKED = 20;
let serial = 0;

/**
 * Commits every batch, one after the other, as humtemp's commit loop does, to an empty Redis that nobody else uses.
 * @throws if what it holds in the end is not what was committed
 */
export async function commitOnce(way: Way, observations: Observations, redisUrl: string): Promise<Committed> {
  const server = new Redis(redisUrl);
  try {
    await server.flushall();
    const open = await way.open({ redisUrl, prefix: `c${serial++}:`, observations });
    try {
      await open.commit(observations.history);
      const committed = await measure(open, observations, server);
      await check(way, open, observations);
      return committed;
    } finally {
      await open.close();
    }
  } finally {
    server.disconnect();
  }
}

async function measure(open: OpenWay, { batches }: Observations, server: Redis): Promise<Committed> {
  const before = await used(server);
  const startMs = performance.now();
  const ownBefore = process.cpuUsage();
  for (const batch of batches) await open.commit(batch);
  await open.settled?.();
  const own = process.cpuUsage(ownBefore);
  const seconds = (performance.now() - startMs) / 1000;
  const after = await used(server);
  const observations = batches.reduce((sum, batch) => sum + batch.observations, 0);
  return {
    observations,
    seconds,
    observationsPerS: observations / seconds,
    cpuUsPerObservation: {
      redis: (after.cpuUs - before.cpuUs) / observations,
      own: (own.user + own.system) / observations,
    },
    bytesPerObservation: (after.inputBytes - before.inputBytes) / observations,
  };
}

/** CPU time of Redis by its own account, which has microseconds where /proc counts in hundredths of a second. */
async function used(server: Redis): Promise<{ cpuUs: number; inputBytes: number }> {
  const info = `${await server.info('cpu')}\n${await server.info('stats')}`;
  const field = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
  return {
    cpuUs: (field('used_cpu_user') + field('used_cpu_sys')) * 1e6,
    inputBytes: field('total_net_input_bytes'),
  };
}

/** Sums must be exact; and where it says so, a batch that is committed again must change nothing. */
async function check(way: Way, open: OpenWay, { batches, truth }: Observations): Promise<void> {
  if (open.totals === undefined) return;
  if (way.deduplicates) await open.commit(batches.at(-1)!);
  const labs = [...truth.keys()];
  for (let i = 0; i < labs.length; i += Math.ceil(labs.length / LABS_CHECKED)) {
    const lab = labs[i]!;
    for (const total of await open.totals(lab))
      if (!isDeepStrictEqual(total, truth.get(lab) satisfies Total | undefined))
        throw new Error(
          `${lab}: holds ${JSON.stringify(total)}, committed ${JSON.stringify(truth.get(lab))}`,
        );
  }
}
