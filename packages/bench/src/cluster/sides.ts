import type { Batch } from '@humtemp/bucket-core';
import { type Service, startRedis, startRedisCluster } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { openRedisStore } from '../redis.js';
import { openFloor } from './floor.js';

/** Something that takes batches. */
export interface OpenSide {
  commit(batch: Batch): Promise<unknown>;
  /** Resolves when nothing is left to be done after commits. */
  settled(): Promise<void>;
  committed(): Promise<number>;
  close(): Promise<void>;
}

export interface Side extends OpenSide {
  readonly name: string;
  /** Against which other side it stands in the table. */
  readonly against: string | undefined;
  /** CPU of its servers so far, µs, by their own account; and script calls that they got. */
  used(): Promise<{ readonly cpuUs: number; readonly calls: number }>;
}

const MASTERS = 3;
/** What labs are divided into. */
const PARTITIONS = 256;

/** humtemp's store and the floor, each at a single server and at a cluster, each with servers of its own. */
export async function openSides(): Promise<{ readonly sides: readonly Side[]; close(): Promise<void> }> {
  const singles = await Promise.all([startRedis(), startRedis(), startRedis()]);
  const clusters = await Promise.all([startRedisCluster(MASTERS, 0), startRedisCluster(MASTERS, 0)]);
  const alone = await startClusterOfOne();
  const [single, floorSingle, floorParts] = singles.map(({ url }) => url) as [string, string, string];
  const [cluster, floorCluster] = clusters as [(typeof clusters)[0], (typeof clusters)[0]];
  const urlsOf = ({ nodes }: typeof cluster) => nodes.map(({ url }) => url);
  const sides = [
    await storeSide('humtemp, a single server', undefined, single, [single]),
    await storeSide('humtemp, a cluster', 'humtemp, a single server', cluster.url, urlsOf(cluster)),
    await storeSide('humtemp, a cluster of one master', 'humtemp, a single server', alone.url, [
      alone.node.url,
    ]),
    await floorSide('floor, a single server', undefined, { urls: [floorSingle], byPartition: false }),
    await floorSide('floor, a single server, a call for each partition', 'floor, a single server', {
      urls: [floorParts],
      byPartition: true,
    }),
    await floorSide('floor, a cluster', 'floor, a single server', {
      urls: urlsOf(floorCluster),
      serverOfPartition: await mastersOfPartitions(urlsOf(floorCluster)),
      byPartition: true,
    }),
  ];
  return {
    sides,
    close: async () => {
      await Promise.all(sides.map((side) => side.close()));
      await Promise.all([...singles, ...clusters, alone.node].map((service) => service.close()));
    },
  };
}

/** A cluster of one server, which redis-cli does not make: it has what the mode costs, and no other processes beside it. */
async function startClusterOfOne(): Promise<{ readonly node: Service; readonly url: string }> {
  const node = await startRedis({ directives: { 'cluster-enabled': 'yes' } });
  const client = new Redis(node.url);
  await client.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
  while (!/cluster_state:ok/.test(String(await client.cluster('INFO'))))
    await new Promise((resolve) => setTimeout(resolve, 20));
  client.disconnect();
  return { node, url: node.url.replace('redis://', 'redis+cluster://') };
}

async function storeSide(
  name: string,
  against: string | undefined,
  url: string,
  urls: readonly string[],
): Promise<Side> {
  const store = await openRedisStore(url, '');
  return {
    name,
    against,
    used: usedOf(urls),
    commit: (batch) => store.commit(batch, Date.now()),
    settled: () => store.whenFolded(),
    committed: async () => (await store.counted()).reduce((sum, { committed }) => sum + committed, 0),
    close: () => store.close(),
  };
}

async function floorSide(
  name: string,
  against: string | undefined,
  options: Parameters<typeof openFloor>[0],
): Promise<Side> {
  return { name, against, used: usedOf(options.urls), ...(await openFloor(options)) };
}

function usedOf(urls: readonly string[]): Side['used'] {
  return async () => {
    let cpuUs = 0;
    let calls = 0;
    for (const url of urls) {
      const server = new Redis(url);
      const info = `${await server.info('cpu')}\n${await server.info('commandstats')}`;
      server.disconnect();
      const field = (pattern: RegExp) => Number(pattern.exec(info)?.[1] ?? 0);
      cpuUs += (field(/^used_cpu_user:([\d.]+)/m) + field(/^used_cpu_sys:([\d.]+)/m)) * 1e6;
      calls += field(/^cmdstat_evalsha:calls=(\d+)/m);
    }
    return { cpuUs, calls };
  };
}

/** Which of the masters of a cluster has which partition. */
async function mastersOfPartitions(urls: readonly string[]): Promise<readonly number[]> {
  const seed = new Redis(urls[0]!);
  const ranges = await seed.cluster('SLOTS');
  const ports = urls.map((url) => Number(new URL(url).port));
  const masters: number[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const slot = await seed.cluster('KEYSLOT', `{${partition}}`);
    const [, , master] = ranges.find(([from, to]) => from <= slot && slot <= to)!;
    masters.push(ports.indexOf(Number(master![1])));
  }
  seed.disconnect();
  return masters;
}
