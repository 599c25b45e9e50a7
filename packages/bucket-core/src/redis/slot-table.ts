import type { RedisLink } from './redis-link.js';

/** Slots from … to, and the master that has them, as host:port. */
export type SlotRange = readonly [from: number, to: number, master: string];

export interface SlotTable {
  /** How new the configuration is that the node knows. */
  readonly epoch: number;
  readonly masters: readonly SlotRange[];
}

/** What a node of a cluster knows of who has which slots. */
export async function slotTable(link: RedisLink): Promise<SlotTable> {
  const [info, slots] = await Promise.all([link.commits.cluster('INFO'), link.commits.cluster('SLOTS')]);
  // Redis 7: an address that the node does not know is null, and that of the node itself may be empty.
  const { hostname } = new URL(link.options.url);
  const masters = slots.map(([from, to, node]): SlotRange => {
    const [host, port] = node as unknown as [string | null, number];
    return [from, to, `${host === null || host === '' ? hostname : host}:${port}`];
  });
  return { epoch: Number(/cluster_current_epoch:(\d+)/.exec(String(info))?.[1] ?? 0), masters };
}

export function masterOfSlot(masters: readonly SlotRange[], slot: number): string | undefined {
  return masters.find(([from, to]) => from <= slot && slot <= to)?.[2];
}
