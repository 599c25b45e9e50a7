import { isElsewhere, isReply } from './redis-errors.js';
import type { RedisLink } from './redis-link.js';
import type { ScriptedPipeline, ScriptedRedis } from './scripts.js';
import type { Servers } from './servers.js';

/** Which of the two connections of a server. */
export type Side = 'commits' | 'reads';

/** Takes commands: a pipeline, or a connection that sends them at once. */
export type Commander = ScriptedPipeline;

/** What a command was answered. */
export type Reply = readonly [error: Error | null, value: unknown];

/** @throws when the server of the place is out of reach */
export async function connectionOf(servers: Servers, side: Side, place: number): Promise<ScriptedRedis> {
  const link = servers.linkOf(place);
  return side === 'commits' ? link.writable() : link.readable();
}

/** Works at the server of a place; again, for a while, when it turns out to be elsewhere. */
export async function at<T>(
  servers: Servers,
  side: Side,
  place: number,
  work: (redis: ScriptedRedis) => Promise<T>,
): Promise<T> {
  const endMs = performance.now() + servers.patienceMs;
  for (;;)
    try {
      return await work(await connectionOf(servers, side, place));
    } catch (error) {
      if (!isElsewhere(error) || performance.now() > endMs) throw error;
      await servers.lookAgain();
    }
}

/**
 * One command for each item, at the server of its place: a pipeline for each server. What turns out to be elsewhere is asked
 * for again, for a while.
 * @returns the replies in the order of the items; they may be errors.
 * @throws when one of the servers is out of reach: there is no answer in part.
 */
export async function askEach<T>(
  servers: Servers,
  side: Side,
  items: readonly T[],
  placeOf: (item: T) => number,
  add: (to: Commander, item: T) => unknown,
): Promise<readonly Reply[]> {
  const replies: Reply[] = new Array(items.length);
  const endMs = performance.now() + servers.patienceMs;
  let open = [...items.keys()];
  for (;;) {
    const byLink = new Map<RedisLink, number[]>();
    for (const i of open) {
      const link = servers.linkOf(placeOf(items[i]!));
      const some = byLink.get(link);
      if (some === undefined) byLink.set(link, [i]);
      else some.push(i);
    }
    await Promise.all(
      [...byLink].map(async ([link, some]) => {
        const redis = side === 'commits' ? link.writable() : await link.readable();
        const answers = await exchange(redis, some.length, (to, j) => add(to, items[some[j]!]!));
        some.forEach((i, j) => {
          replies[i] = answers[j]!;
        });
      }),
    );
    open = open.filter((i) => isElsewhere(replies[i]![0]));
    if (open.length === 0) return replies;
    if (performance.now() > endMs) throw replies[open[0]!]![0]!;
    await servers.lookAgain();
  }
}

/** Sends so many commands: in a pipeline, unless there is only one. */
async function exchange(
  redis: ScriptedRedis,
  count: number,
  add: (to: Commander, j: number) => unknown,
): Promise<readonly Reply[]> {
  if (count === 1)
    try {
      return [[null, await add(redis as unknown as Commander, 0)]];
    } catch (error) {
      if (!isReply(error)) throw error;
      return [[error as Error, undefined]];
    }
  const pipeline = redis.pipeline() as Commander;
  for (let j = 0; j < count; j++) add(pipeline, j);
  const answers = await pipeline.exec();
  if (answers === null) throw new Error('the pipeline was aborted');
  return answers;
}

/** The same, when no reply may be an error. @throws the first that is. */
export async function valuesOfEach<T>(...asked: Parameters<typeof askEach<T>>): Promise<unknown[]> {
  return (await askEach(...asked)).map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
}

/** Indices of keys, those together that may go into one command. */
function groupsOf(servers: Servers, keys: readonly string[]): number[][] {
  const groups = new Map<number, number[]>();
  for (const [i, key] of keys.entries()) {
    const group = servers.groupOf(servers.keys.placeOf(key));
    const some = groups.get(group);
    if (some === undefined) groups.set(group, [i]);
    else some.push(i);
  }
  return [...groups.values()];
}

/** Values of strings. Keys of the same place are asked for with one command, which is one moment. */
export async function valuesOf(
  servers: Servers,
  side: Side,
  keys: readonly string[],
): Promise<(Buffer | null)[]> {
  if (keys.length === 0) return [];
  if (servers.isOne) return (await connectionOf(servers, side, 0)).mgetBuffer(keys as string[]);
  const groups = groupsOf(servers, keys);
  const replies = await valuesOfEach(
    servers,
    side,
    groups,
    ([first]) => servers.keys.placeOf(keys[first!]!),
    (to, some) => to.mgetBuffer(some.map((i) => keys[i]!)),
  );
  const values: (Buffer | null)[] = new Array(keys.length);
  groups.forEach((some, g) => {
    const reply = replies[g] as (Buffer | null)[];
    some.forEach((i, j) => {
      values[i] = reply[j]!;
    });
  });
  return values;
}

/** How many of these keys exist. */
export async function countExisting(servers: Servers, side: Side, keys: readonly string[]): Promise<number> {
  const counts = await valuesOfEach(
    servers,
    side,
    groupsOf(servers, keys),
    ([first]) => servers.keys.placeOf(keys[first!]!),
    (to, some) => to.exists(...some.map((i) => keys[i]!)),
  );
  return (counts as number[]).reduce((sum, count) => sum + count, 0);
}
