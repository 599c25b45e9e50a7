import { type Service, startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { median } from '../figures.js';
import { LAYOUTS, type Layout, type MeasuredStore } from './layouts.js';

/** One layout, on a server of its own. */
export interface Side {
  readonly layout: Layout;
  readonly url: string;
  readonly store: MeasuredStore;
  readonly server: Redis;
}

/** What a piece of work took. */
export interface Used {
  readonly wallMs: number;
  readonly redisUs: number;
  readonly ownUs: number;
}

/** Both layouts, each on an empty Redis without persistence, for as long as `work` takes. */
export async function withSides<T>(
  work: (sides: readonly [Side, Side]) => Promise<T>,
  directives: Readonly<Record<string, string>> = {},
): Promise<T> {
  const services: Service[] = [];
  const sides: Side[] = [];
  try {
    for (const layout of LAYOUTS) {
      // Sets of identities, which the layout before has, as its settings had them.
      const service = await startRedis({ directives: { 'set-max-intset-entries': '4096', ...directives } });
      services.push(service);
      const { url } = service;
      sides.push({ layout, url, store: await layout.open(url), server: new Redis(url) });
    }
    return await work(sides as [Side, Side] & Side[]);
  } finally {
    for (const { store, server } of sides) {
      await store.close();
      server.disconnect();
    }
    for (const service of services) await service.close();
  }
}

/** CPU of Redis by its own account, and of this process, for some work and what it leaves to be done. */
export async function usedBy({ server, store }: Side, work: () => Promise<unknown>): Promise<Used> {
  const redisBefore = await redisUs(server);
  const ownBefore = process.cpuUsage();
  const startMs = performance.now();
  await work();
  const wallMs = performance.now() - startMs;
  await store.whenFolded();
  const { user, system } = process.cpuUsage(ownBefore);
  return { wallMs, redisUs: (await redisUs(server)) - redisBefore, ownUs: user + system };
}

export function medians(all: readonly Used[]): Used {
  const of = (field: keyof Used) => median(all.map((one) => one[field]));
  return { wallMs: of('wallMs'), redisUs: of('redisUs'), ownUs: of('ownUs') };
}

/** CPU of Redis by its own account. */
export async function redisUs(server: Redis): Promise<number> {
  const info = await server.info('cpu');
  const field = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0);
  return (field('used_cpu_user') + field('used_cpu_sys')) * 1e6;
}

/** Means of so many after each other. */
export function inBlocks(all: readonly Used[], block: number): Used[] {
  const means: Used[] = [];
  for (let i = 0; i + block <= all.length; i += block) {
    const some = all.slice(i, i + block);
    const mean = (field: keyof Used) => some.reduce((sum, one) => sum + one[field], 0) / block;
    means.push({ wallMs: mean('wallMs'), redisUs: mean('redisUs'), ownUs: mean('ownUs') });
  }
  return means;
}
