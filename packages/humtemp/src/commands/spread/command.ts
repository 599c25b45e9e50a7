import type { MovedPlace, SpreadPlan, SpreadReport } from '@humtemp/bucket-core/redis';
import { readConfig } from '../../config/config.js';
import { StartError } from '../../start-error.js';
import { commandArguments } from '../command-arguments.js';

export const SPREAD_HELP = `humtemp spread: moves labs between independent Redis servers, while humtemp runs

HUMTEMP_REDIS_URL names all servers, in a comma-separated list; each gets its share of the labs. To add a server: restart all
processes with the longer list, then run this. To remove one: run this with --without, then restart all processes without it.
The configuration is that of the processes: buckets, deduplication, HUMTEMP_REDIS_PREFIX, HUMTEMP_DURABILITY.

It may be stopped or killed at any moment, and run again: it goes on where it was. The labs that were being moved then wait for up to 5 s.

  --without NAMES  leaves nothing on these servers: host:port, or what ?name= says; several with commas
  --check          says what would be moved, and moves nothing

  HUMTEMP_REDIS_URL=redis://a:6379,redis://b:6379,redis://c:6379 humtemp spread
`;

/** Runs `humtemp spread`. @throws StartError with a message for the person who started it. */
export async function spreadCommand(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(SPREAD_HELP);
    return;
  }
  const { values, positionals } = commandArguments('spread', argv, {
    without: { type: 'string' },
    check: { type: 'boolean' },
  });
  if (positionals.length > 0)
    throw new StartError(`spread takes options only, not ${positionals[0]}; humtemp spread --help says more`);
  const config = readConfig(env, undefined);
  if (!('redisUrl' in config.store))
    throw new StartError('HUMTEMP_REDIS_URL names no Redis: expected a list of servers');
  const { Spreading, SpreadProblem } = await import('@humtemp/bucket-core/redis');
  let spreading: InstanceType<typeof Spreading> | undefined;
  try {
    spreading = new Spreading({
      url: config.store.redisUrl,
      prefix: config.redisPrefix,
      grid: config.grid,
      deduplicationHorizonS: config.deduplicationHorizonS,
      durability: config.durability,
      replyTimeoutMs: config.redisTimeoutS * 1000,
      without: (values.without ?? '').split(',').filter((name) => name !== ''),
      onProgress: (moved) => void process.stdout.write(movedText(moved)),
      onWarning: (message) => void process.stderr.write(`humtemp: ${message}\n`),
    });
    const text = values.check === true ? planText(await spreading.plan()) : reportText(await spreading.run());
    process.stdout.write(text);
  } catch (error) {
    if (error instanceof SpreadProblem || (error as Error).name === 'StoreRefused')
      throw new StartError((error as Error).message, { cause: error });
    process.stderr.write(`humtemp: ${(error as Error).message}; run humtemp spread again, and it goes on\n`);
    process.exitCode = 1;
  } finally {
    spreading?.close();
  }
}

function movedText({ place, from, to, labs, bytes, heldMs, left }: MovedPlace): string {
  const what =
    place === 'books' ? 'lists and sessions' : `partition ${place}: ${labs} ${labs === 1 ? 'lab' : 'labs'}`;
  return `${from} to ${to}, ${what}, ${Math.ceil(bytes / 1000)} kB, held for ${heldMs} ms; ${left} to go\n`;
}

function planText({ places, moves }: SpreadPlan): string {
  const held = Object.entries(places).map(([name, count]) => `${name}: ${count} of 256 partitions\n`);
  const lines = moves.map(({ from, to, count }) => `${count} to be moved from ${from} to ${to}\n`);
  return `${held.join('')}${lines.length === 0 ? 'nothing is to be moved\n' : lines.join('')}`;
}

function reportText({ moved, dropped, places }: SpreadReport): string {
  const held = Object.entries(places).map(([name, count]) => `${name}: ${count} of 256 partitions\n`);
  return `${moved} moved, ${dropped} old copies deleted\n${held.join('')}`;
}
