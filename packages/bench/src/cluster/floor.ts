import { type Batch, labPartition, ROW_LENGTH } from '@humtemp/bucket-core';
import { Redis } from 'ioredis';
import type { OpenSide } from './sides.js';

/**
 * The least that a commit to heads of labs can be: for each lab its newest time is read and its rows are appended; for each call
 * its record and the counts are read and written. No row is looked at.
 */
const SCRIPT = `
local call, sub, at = redis.call, string.sub, 1
call('GET', KEYS[1])
for i = 3, #KEYS do
  call('GETRANGE', KEYS[i], '-6', '-1')
  call('APPEND', KEYS[i], sub(ARGV[1], at, at + 16))
  at = at + 17
end
call('HGET', KEYS[2], 'bench')
call('HSET', KEYS[2], 'bench', ARGV[2])
call('SET', KEYS[1], ARGV[2], 'EX', '3600')
return #KEYS`;
/** As many as humtemp has in one call. */
const LABS_PER_CALL = 256;
const ROW_BYTES = 17;

interface FloorOptions {
  /** One server, or the masters of a cluster. */
  readonly urls: readonly string[];
  /** Of a cluster: which of them has which partition. */
  readonly serverOfPartition?: readonly number[];
  /** Whether a call has labs of one partition, as it must in a cluster. */
  readonly byPartition: boolean;
}

/** Commits by that script, to heads that are there. */
export async function openFloor({ urls, serverOfPartition, byPartition }: FloorOptions): Promise<OpenSide> {
  const servers = urls.map((url) => new Redis(url));
  const shas = await Promise.all(servers.map((server) => server.script('LOAD', SCRIPT)));
  let committed = 0;
  return {
    async commit(batch) {
      const sent = groupsOf(batch, byPartition).map((labs) => {
        const partition = labPartition(labs[0]!);
        const keys = labs.map((lab) => `{${labPartition(lab)}}:floor:${lab}`);
        const rows = Buffer.alloc(labs.length * ROW_BYTES, 1);
        const place = serverOfPartition?.[partition] ?? 0;
        const [server, sha] = [servers[place]!, shas[place] as string];
        const records = [`{${partition}}:floor-done`, `{${partition}}:floor-counts`];
        return server.evalsha(sha, keys.length + 2, ...records, ...keys, rows, Buffer.alloc(32, 1));
      });
      await Promise.all(sent);
      committed += batch.observations;
    },
    settled: async () => {},
    committed: async () => committed,
    close: async () => {
      for (const server of servers) server.disconnect();
    },
  };
}

function groupsOf({ rowsByLab }: Batch, byPartition: boolean): string[][] {
  const groups = new Map<number, string[]>();
  for (const [lab, rows] of rowsByLab) {
    if (rows.length !== ROW_LENGTH) throw new Error('one row of each lab');
    const name = byPartition ? labPartition(lab) : 0;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [lab]);
    else group.push(lab);
  }
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / LABS_PER_CALL) }, (_, i) =>
      group.slice(i * LABS_PER_CALL, (i + 1) * LABS_PER_CALL),
    ),
  );
}
