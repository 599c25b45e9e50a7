import { mget } from './mget.js';
import { Elsewhere, isElsewhere, isReply } from './redis-errors.js';
import type { RedisLink } from './redis-link.js';
import type { ScriptedPipeline, ScriptedRedis } from './scripts.js';
import { type Fence, type Servers, usableLinkOf } from './servers.js';

/** Which of the two connections of a server. Whoever asks over the one that commits is about to write. */
export type Side = 'commits' | 'reads';

/** Takes commands: a pipeline, or a connection that sends them at once. */
export type Commander = ScriptedPipeline;

/** What a command was answered. */
export type Reply = readonly [error: Error | null, value: unknown];

/** @throws when the server of the place is out of reach */
export async function connectionOf(servers: Servers, side: Side, place: number): Promise<ScriptedRedis> {
  const link = usableLinkOf(servers, place, side === 'reads');
  return side === 'commits' ? link.writable() : link.readable();
}

/**
 * Works at the server of a place; again, for a while, when it turns out to be elsewhere: then what was written may be written
 * twice.
 * @param work sends all that it sends at once
 */
export async function at<T>(
  servers: Servers,
  side: Side,
  place: number,
  work: (redis: ScriptedRedis) => Promise<T>,
): Promise<T> {
  return again(servers, async () => {
    const link = usableLinkOf(servers, place, side === 'reads');
    const fence = servers.fenceOf(link);
    const redis = side === 'commits' ? link.writable() : await link.readable();
    if (fence === undefined) return work(redis);
    // What came before is only true if nothing had changed until this is answered.
    const [done, stamp] = await Promise.allSettled([work(redis), redis.get(fence.key)]);
    if (done.status === 'rejected' && !isReply(done.reason)) throw done.reason;
    if (stamp.status === 'rejected') throw stamp.reason;
    if ((stamp.value ?? '') !== fence.stamp) throw new Elsewhere();
    if (done.status === 'rejected') throw done.reason;
    return done.value;
  });
}

/** Has a script write at the server of a place: it compares the fence before it does. */
export async function writeAt<T>(
  servers: Servers,
  place: number,
  script: (redis: ScriptedRedis, fence: Fence | undefined) => Promise<T>,
): Promise<T> {
  return again(servers, () => {
    const link = usableLinkOf(servers, place, false);
    return script(link.writable(), servers.fenceOf(link));
  });
}

async function again<T>(servers: Servers, work: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + servers.patienceMs;
  for (;;)
    try {
      return await work();
    } catch (error) {
      if (!isElsewhere(error) || performance.now() > endMs) throw error;
      await servers.lookAgain();
    }
}

/**
 * Commands for items at the servers of their places: one for each item; or, `together`, one for all that may go into one. A
 * pipeline for each server. What turns out to be elsewhere is asked for again, for a while.
 * @param take is called once for each item, with others of the same command: their numbers, rising, and the reply, which may be
 * an error
 * @param compares whether the commands are scripts that compare the fence that they are given
 * @throws when one of the servers is out of reach: there is no answer in part.
 */
export async function ask<T>(
  servers: Servers,
  side: Side,
  items: readonly T[],
  placeOf: (item: T) => number,
  together: boolean,
  add: (to: Commander, some: readonly T[], fence: Fence | undefined) => unknown,
  take: (numbers: readonly number[], reply: Reply) => void,
  compares = false,
): Promise<void> {
  const endMs = performance.now() + servers.patienceMs;
  let open = [...items.keys()];
  for (;;) {
    const left: number[] = [];
    const byLink = new Map<RedisLink, Map<number, number[]>>();
    for (const i of open) {
      const place = placeOf(items[i]!);
      if (servers.isOnItsWay(place, side === 'reads')) {
        left.push(i);
        continue;
      }
      const link = servers.linkOf(place);
      let commands = byLink.get(link);
      if (commands === undefined) {
        commands = new Map();
        byLink.set(link, commands);
      }
      const group = together ? servers.groupOf(place) : i;
      const some = commands.get(group);
      if (some === undefined) commands.set(group, [i]);
      else some.push(i);
    }
    await Promise.all(
      [...byLink].map(async ([link, commands]) => {
        // As it is now: what goes into one command was decided by it.
        const fence = servers.fenceOf(link);
        const redis = side === 'commits' ? link.writable() : await link.readable();
        const all = [...commands.values()];
        const replies = await exchange(redis, all.length, compares ? undefined : fence, (to, j) =>
          add(
            to,
            all[j]!.map((i) => items[i]!),
            fence,
          ),
        );
        for (const [j, some] of all.entries()) {
          const reply = replies?.[j];
          if (reply === undefined || isElsewhere(reply[0])) left.push(...some);
          else take(some, reply);
        }
      }),
    );
    if (left.length === 0) return;
    if (performance.now() > endMs) throw new Elsewhere();
    await servers.lookAgain();
    open = left.sort((a, b) => a - b);
  }
}

/**
 * One command for each item, at the server of its place.
 * @returns the replies in the order of the items; they may be errors.
 * @throws when one of the servers is out of reach
 */
export async function askEach<T>(
  servers: Servers,
  side: Side,
  items: readonly T[],
  placeOf: (item: T) => number,
  add: (to: Commander, item: T) => unknown,
): Promise<readonly Reply[]> {
  const replies: Reply[] = new Array(items.length);
  await ask(
    servers,
    side,
    items,
    placeOf,
    false,
    (to, [item]) => add(to, item!),
    ([i], reply) => {
      replies[i!] = reply;
    },
  );
  return replies;
}

/**
 * Sends so many commands: in a pipeline, unless there is only one.
 * @returns undefined if places of the server may have moved: then the replies say nothing.
 */
async function exchange(
  redis: ScriptedRedis,
  count: number,
  fence: Fence | undefined,
  add: (to: Commander, j: number) => unknown,
): Promise<readonly Reply[] | undefined> {
  if (count === 1 && fence === undefined)
    try {
      return [[null, await add(redis as unknown as Commander, 0)]];
    } catch (error) {
      if (!isReply(error)) throw error;
      return [[error as Error, undefined]];
    }
  const pipeline = redis.pipeline() as Commander;
  for (let j = 0; j < count; j++) add(pipeline, j);
  if (fence !== undefined) pipeline.get(fence.key);
  const answers = await pipeline.exec();
  if (answers === null) throw new Error('the pipeline was aborted');
  if (fence === undefined) return answers;
  const [error, stamp] = answers.pop()!;
  if (error !== null) throw error;
  return (stamp ?? '') === fence.stamp ? answers : undefined;
}

/** The same, when no reply may be an error. @throws the first that is. */
export async function valuesOfEach<T>(...asked: Parameters<typeof askEach<T>>): Promise<unknown[]> {
  return (await askEach(...asked)).map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
}

/** Values of strings. Keys of the same place are asked for with one command, which is one moment. */
export async function valuesOf(
  servers: Servers,
  side: Side,
  keys: readonly string[],
): Promise<(Buffer | null)[]> {
  if (keys.length === 0) return [];
  if (servers.isOne) return valuesOfOne(servers, side, keys);
  const values: (Buffer | null)[] = new Array(keys.length);
  await ask(
    servers,
    side,
    keys,
    (key) => servers.keys.placeOf(key),
    true,
    (to, some) => to.mgetBuffer(some as string[]),
    (numbers, [error, reply]) => {
      if (error !== null) throw error;
      numbers.forEach((i, j) => {
        values[i] = (reply as (Buffer | null)[])[j]!;
      });
    },
  );
  return values;
}

/** The same of the only server, the stamp of its map in the same command. */
function valuesOfOne(servers: Servers, side: Side, keys: readonly string[]): Promise<(Buffer | null)[]> {
  return again(servers, async () => {
    const link = servers.linkOf(0);
    const fence = servers.fenceOf(link);
    const redis = side === 'commits' ? link.writable() : await link.readable();
    const values = await mget(redis, keys, servers.keys.isAscii, fence?.key);
    if (fence !== undefined && (values.pop()?.toString() ?? '') !== fence.stamp) throw new Elsewhere();
    return values;
  });
}

/** How many of these keys exist. */
export async function countExisting(servers: Servers, side: Side, keys: readonly string[]): Promise<number> {
  let count = 0;
  await ask(
    servers,
    side,
    keys,
    (key) => servers.keys.placeOf(key),
    true,
    (to, some) => to.exists(...some),
    (_, [error, reply]) => {
      if (error !== null) throw error;
      count += reply as number;
    },
  );
  return count;
}
