import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** What the command line says. What is undefined is for the scenario to choose. */
export interface Options {
  /** Names of scenarios; none: all of them. */
  readonly scenarios: readonly string[];
  readonly size: 'smoke' | 'normal';
  readonly rounds: number | undefined;
  readonly qos: 0 | 1;
  /** Names of the peers that are wanted; none: all of them. */
  readonly peers: readonly string[];
  readonly observations: number | undefined;
  readonly connections: number | undefined;
  readonly perS: number | undefined;
  readonly durationS: number | undefined;
  readonly profileFolder: string | undefined;
  readonly jsonFile: string;
  readonly help: boolean;
}

export const OPTIONS_HELP = `  --rounds N         by turns, this many of each
  --size SIZE        smoke: small, to see that it still runs; normal
  --qos N            of the ingest scenarios: 1 or 0; default 1
  --peers A,B        only these peers, as they are called in the tables
  --observations N   of the ingest scenarios, in each round
  --connections N    of ingest and idle
  --rate N           of churn, connections in a second
  --duration S       of churn, seconds
  --cpu-prof FOLDER  takes CPU profiles of the humtemp process of ingest
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
      size: { ...text, default: 'normal' },
      qos: { ...text, default: '1' },
      peers: { ...text, default: '' },
      observations: text,
      connections: text,
      rate: text,
      duration: text,
      'cpu-prof': text,
      json: { ...text, default: join(tmpdir(), `humtemp-bench-${Date.now()}.json`) },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.size !== 'smoke' && values.size !== 'normal')
    throw new Error('--size: expected smoke or normal');
  if (values.qos !== '0' && values.qos !== '1') throw new Error('--qos: expected 0 or 1');
  return {
    scenarios: positionals,
    size: values.size,
    rounds: count('rounds', values.rounds, 100),
    qos: values.qos === '1' ? 1 : 0,
    peers: values.peers.split(',').filter((part) => part !== ''),
    observations: count('observations', values.observations, 20_000_000),
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
