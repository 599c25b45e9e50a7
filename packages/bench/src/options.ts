import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/**
 * How much is measured. smoke: as little as shows that it still runs. short: for all scenarios one after the other.
 * normal: for one that is looked at.
 */
export type Size = 'smoke' | 'short' | 'normal';

/** What the command line says. What is undefined is for the scenario to choose. */
export interface Options {
  /** Names of scenarios; none: all of them. */
  readonly scenarios: readonly string[];
  /** By default short when no scenario is named, and else normal. */
  readonly size: Size;
  readonly rounds: number | undefined;
  readonly qos: 0 | 1;
  /** Names of the peers that are wanted; none: all that need not be named. */
  readonly peers: readonly string[];
  readonly observations: number | undefined;
  readonly labs: number | undefined;
  readonly connections: number | undefined;
  readonly perS: number | undefined;
  readonly durationS: number | undefined;
  readonly profileFolder: string | undefined;
  readonly jsonFile: string;
  readonly help: boolean;
}

export const OPTIONS_HELP = `  --size SIZE        smoke: to see that it still runs; short: mostly one round; normal
  --rounds N         by turns, this many of each; not of memory
  --peers A,B        only these, as they are called in the tables; NATS and RabbitMQ only if named;
                     not of worker, stream, commit, memory and reads
  --qos N            of ingest-pipelined and ingest-many: 1 or 0; default 1
  --observations N   of ingest-pipelined, ingest-many, worker-behind and growth, in each round
  --labs N           of readings
  --connections N    of ingest-pipelined, ingest-many, sensors and idle
  --rate N           of churn, connections in a second; of sensors, publishes in a second of all together by turns,
                     instead of each as soon as its last is acknowledged
  --duration S       of churn, stream, sensors and attacks, seconds
  --cpu-prof FOLDER  takes CPU profiles of humtemp; not of worker, commit, memory and startup
  --json FILE        where to write every number; default: in the temporary folder
`;

/** @throws Error naming what was expected. */
export function readOptions(argv: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: text,
      size: text,
      qos: { ...text, default: '1' },
      peers: { ...text, default: '' },
      observations: text,
      labs: text,
      connections: text,
      rate: text,
      duration: text,
      'cpu-prof': text,
      json: { ...text, default: join(tmpdir(), `humtemp-bench-${Date.now()}.json`) },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { size = positionals.length === 0 ? 'short' : 'normal' } = values;
  if (size !== 'smoke' && size !== 'short' && size !== 'normal')
    throw new Error('--size: expected smoke, short or normal');
  if (values.qos !== '0' && values.qos !== '1') throw new Error('--qos: expected 0 or 1');
  return {
    scenarios: positionals,
    size,
    rounds: count('rounds', values.rounds, 100),
    qos: values.qos === '1' ? 1 : 0,
    peers: values.peers.split(',').filter((part) => part !== ''),
    observations: count('observations', values.observations, 20_000_000),
    labs: count('labs', values.labs, 1_000_000),
    connections: count('connections', values.connections, 50_000),
    perS: count('rate', values.rate, 5000),
    durationS: count('duration', values.duration, 86_400),
    profileFolder: values['cpu-prof'],
    jsonFile: values.json,
    help: values.help,
  };
}

function count(name: string, value: string | undefined, max: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > max)
    throw new Error(`--${name}: expected an integer from 1 to ${max}`);
  return number;
}
