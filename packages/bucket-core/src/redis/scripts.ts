import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

/** The Lua scripts. Each says at its top what it is given and what it answers; one file beside is its only caller. */
const NAMES = ['commit', 'fold', 'begin', 'aside', 'admit', 'sweep', 'probe', 'labs', 'names'] as const;

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

/** A connection that knows the scripts. Strings in replies are buffers where the name says so. */
export interface ScriptedRedis extends Redis {
  readonly humtemp_commitBuffer: Script<(number | Buffer)[]>;
  readonly humtemp_fold: Script<number[]>;
  readonly humtemp_begin: Script<number>;
  readonly humtemp_aside: Script<number>;
  readonly humtemp_admit: Script<number[]>;
  readonly humtemp_sweep: Script<number>;
  readonly humtemp_probe: Script<number>;
  readonly humtemp_labs: Script<[next: number, wrong: number[], labs: string[]]>;
  readonly humtemp_names: Script<[wrong: number[], last: string, names: string[]]>;
}

/** Makes the scripts known to a connection. */
export function defineScripts(redis: Redis): ScriptedRedis {
  for (const { name, lua } of LUA) redis.defineCommand(`humtemp_${name}`, { lua });
  return redis as ScriptedRedis;
}
