import { readFileSync } from 'node:fs';
import type { ChainableCommander, Redis } from 'ioredis';

/** The Lua scripts. Each says at its top what it is given and what it answers; one file beside is its only caller. */
const NAMES = [
  'commit',
  'fold',
  'begin',
  'aside',
  'admit',
  'sweep',
  'late',
  'probe',
  'release',
  'labs',
  'names',
  'places',
  'move',
  'learn',
  'expect',
  'take',
  'put',
  'drop',
] as const;

// The one copy of each, found from the compiled code and from the source alike.
const LUA = NAMES.map((name) => ({
  name,
  // Comments and margins would be sent with it.
  lua: readFileSync(new URL(`../../src/redis/scripts/${name}.lua`, import.meta.url), 'utf8').replace(
    /^\s*(--.*)?\n|^ +/gm,
    '',
  ),
}));

type Argument = string | number | Buffer;
type Script<Reply> = (keys: number, ...keysAndArguments: Argument[]) => Promise<Reply>;

/** Names are lines of a text. */
export type LabsReply = [
  lookedAt: number,
  wrong: number[],
  changed: number[],
  lowest: string[],
  labs: string,
  late: string,
  unknown: number[],
];
export type NamesReply = [wrong: number[], ends: string, names: string];

/** A pipeline on a connection that knows the scripts: those of them that are sent in pipelines. */
export interface ScriptedPipeline extends ChainableCommander {
  humtemp_labs(keys: number, ...keysAndArguments: Argument[]): unknown;
  humtemp_names(keys: number, ...keysAndArguments: Argument[]): unknown;
}

/** A connection that knows the scripts. Strings in replies are buffers where the name says so. */
export interface ScriptedRedis extends Redis {
  readonly humtemp_commitBuffer: Script<(number | Buffer)[]>;
  readonly humtemp_fold: Script<number[]>;
  readonly humtemp_begin: Script<number>;
  readonly humtemp_aside: Script<number>;
  readonly humtemp_admit: Script<number[]>;
  readonly humtemp_sweep: Script<number>;
  readonly humtemp_late: Script<number>;
  readonly humtemp_probe: Script<number>;
  readonly humtemp_release: Script<number>;
  readonly humtemp_labs: Script<LabsReply>;
  readonly humtemp_names: Script<NamesReply>;
  readonly humtemp_places: Script<string[]>;
  readonly humtemp_move: Script<number>;
  readonly humtemp_learn: Script<number>;
  readonly humtemp_expect: Script<number>;
  readonly humtemp_takeBuffer: Script<(Buffer | null)[]>;
  readonly humtemp_put: Script<number>;
  readonly humtemp_drop: Script<number>;
}

/** Makes the scripts known to a connection. */
export function defineScripts(redis: Redis): ScriptedRedis {
  for (const { name, lua } of LUA) redis.defineCommand(`humtemp_${name}`, { lua });
  return redis as ScriptedRedis;
}
