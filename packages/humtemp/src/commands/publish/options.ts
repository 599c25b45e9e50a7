import { readFileSync } from 'node:fs';
import { labIdOfName, parseDurationS, timestampToMs } from '@humtemp/bucket-core';
import { type PublishDefaults, publishDefaults } from '../../config/own-addresses.js';
import { withoutPassword } from '../../config/url.js';
import { StartError } from '../../start-error.js';
import { commandArguments } from '../command-arguments.js';
import { brokerAddress } from './broker-address.js';
import { COLUMNS, type CsvForm } from './csv-form.js';
import type { PublishOptions } from './publish-run.js';
import type { ReplayOptions } from './replay.js';
import type { SimulateOptions } from './simulate.js';
import { TopicPattern } from './topic-pattern.js';

/** Where nothing is configured. */
export const PUBLISH_DEFAULTS: PublishDefaults = publishDefaults({});

const LABS_MAX = 100_000;
const RATE_PER_S_MAX = 1_000_000;
const SPEED_MAX = 1_000_000;
const SEED_MAX = 4_294_967_295;
/** b64token of RFC 6750 §2.1. */
const TOKEN_PATTERN = /^[\w.~+/-]+=*$/;

const COMMON_HELP = `  --qos 0|1          quality of service (default 1: sent until acknowledged)
  --url URL          broker, mqtt:// mqtts:// ws:// wss://, with user and password
                     if it asks for them (default: HUMTEMP_MQTT_URL, or the broker of humtemp start
                     with this configuration, ${PUBLISH_DEFAULTS.url})
  --topic PATTERN    topic; the lab id takes the place of the +
                     (default: of HUMTEMP_MQTT_TOPICS, ${PUBLISH_DEFAULTS.topic})
  --api URL          API whose ledger says what became of them
                     (default: that of this configuration, ${PUBLISH_DEFAULTS.api})
  --token-file FILE  the token for that API, if it asks for one: the first line, as humtemp token
                     prints it
  --json             the result as one line of JSON
`;

export const REPLAY_HELP = `humtemp replay FILE.csv: publishes recorded observations over MQTT

FILE.csv has a header with the columns lab_id, timestamp, temp and humidity, in any order; further
columns are ignored. Timestamps are Unix seconds or milliseconds, or RFC 3339. Cells stand between
commas, semicolons or tabs; but for the first, numbers may have a decimal comma. Exports of InfluxDB
(_time, _field, _value) and of Home Assistant's history (entity_id, state, last_changed) are read as
they are. - is standard input. Rows are published in the order of the file, sent again after a lost
connection, and at the end compared with the ledger.

  --columns LIST     what columns are called in the file, such as lab_id=room,timestamp=at,temp=t1;
                     value=NAME and metric=NAME where each row has one value and says what it is
  --lab NAME         the lab of all rows, where the file names none
  --unit C|F|K       unit of temperatures (default C)
  --time-unit UNIT   s, ms, us or ns, where timestamps are numbers (default: seconds, or milliseconds)
  --shift-to TIME    moves all timestamps by whole seconds so that the newest lies at TIME: now,
                     Unix seconds or RFC 3339 (default: timestamps stay)
  --rate N           rows per second (default: as fast as they are acknowledged)
${COMMON_HELP}
  humtemp replay library.csv --shift-to now
  humtemp replay history.csv --unit C
  influx query … --raw | humtemp replay - --columns lab_id=room
`;

export const SIMULATE_HELP = `humtemp simulate: publishes observations of made-up labs over MQTT

Until Ctrl-C, or for --duration. Publishes are spread evenly; at the end they are compared with the ledger.

  --labs N           how many labs (default 10)
  --interval TIME    between two observations of a lab: seconds, or 90s, 5m, 1h (default 30)
  --speed FACTOR     lets the simulated day pass faster, and publishes as much more often; timestamps
                     stay real time (default 1)
  --duration TIME    how long, in real time (default: until Ctrl-C)
  --seed N           another number gives other labs (default 1)
${COMMON_HELP}
  humtemp simulate --labs 50 --speed 10
`;

const COMMON_OPTIONS = {
  url: { type: 'string' },
  topic: { type: 'string' },
  api: { type: 'string' },
  'token-file': { type: 'string' },
  qos: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/**
 * Options of `humtemp replay`.
 * @throws StartError naming the first bad option and what was expected.
 */
export function parseReplayArguments(
  argv: readonly string[],
  defaults: PublishDefaults = PUBLISH_DEFAULTS,
): ReplayOptions {
  const { values, positionals } = commandArguments('replay', argv, {
    ...COMMON_OPTIONS,
    'shift-to': { type: 'string' },
    rate: { type: 'string' },
    columns: { type: 'string' },
    lab: { type: 'string' },
    unit: { type: 'string' },
    'time-unit': { type: 'string' },
  });
  const [file, second] = positionals;
  if (file === undefined) throw new StartError('which file? humtemp replay FILE.csv');
  if (second !== undefined) throw new StartError(`one file at a time: ${file} or ${second}`);
  return {
    file,
    ...commonOptions(values, defaults),
    form: {
      columns: option('columns', values.columns, parseColumns),
      lab: option('lab', values.lab, parseLab),
      unit: option('unit', values.unit, oneOf('C', 'F', 'K')),
      timeUnit: option('time-unit', values['time-unit'], oneOf('s', 'ms', 'us', 'ns')),
    },
    shiftToMs: option('shift-to', values['shift-to'], parseTarget),
    ratePerS: option('rate', values.rate, number(0.001, RATE_PER_S_MAX)),
  };
}

/**
 * Options of `humtemp simulate`.
 * @throws StartError naming the first bad option and what was expected.
 */
export function parseSimulateArguments(
  argv: readonly string[],
  defaults: PublishDefaults = PUBLISH_DEFAULTS,
): SimulateOptions {
  const { values, positionals } = commandArguments('simulate', argv, {
    ...COMMON_OPTIONS,
    labs: { type: 'string' },
    interval: { type: 'string' },
    speed: { type: 'string' },
    duration: { type: 'string' },
    seed: { type: 'string' },
  });
  if (positionals[0] !== undefined)
    throw new StartError(`simulate takes options only, not ${positionals[0]}`);
  const options = {
    ...commonOptions(values, defaults),
    labs: option('labs', values.labs, integer(1, LABS_MAX)) ?? 10,
    intervalS: option('interval', values.interval, parseSeconds) ?? 30,
    speed: option('speed', values.speed, number(0.001, SPEED_MAX)) ?? 1,
    durationS: option('duration', values.duration, parseSeconds),
    seed: option('seed', values.seed, integer(0, SEED_MAX)) ?? 1,
  };
  // Only their millisecond distinguishes observations.
  if ((options.intervalS * 1000) / options.speed < 1)
    throw new StartError(
      `--speed ${options.speed}: expected at most ${options.intervalS * 1000} with this interval`,
    );
  if (options.topic.topicOf('lab-01') === undefined)
    throw new StartError(
      `--topic ${options.topic.pattern}: expected a single +, as simulated labs have one level`,
    );
  return options;
}

type Values = Readonly<Record<string, string | boolean | undefined>>;

function commonOptions(values: Values, defaults: PublishDefaults): PublishOptions {
  return {
    url: option('url', values.url ?? defaults.url, parseBroker)!,
    topic: option('topic', values.topic ?? defaults.topic, (text) => new TopicPattern(text))!,
    api: option('api', values.api ?? defaults.api, parseApi)!,
    token: option('token-file', values['token-file'], readToken),
    qos: option('qos', values.qos, parseQos) ?? 1,
    json: values.json === true,
  };
}

function option<T>(
  name: string,
  text: string | boolean | undefined,
  parse: (text: string) => T,
): T | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const shown = name === 'url' || name === 'api' ? withoutPassword(text) : text;
    throw new StartError(`--${name} ${shown}: expected ${error.message}`, { cause: error });
  }
}

function parseTarget(text: string): number | 'now' {
  if (text === 'now') return 'now';
  const ms = timestampToMs(/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
  if (ms === undefined) throw new RangeError('now, Unix seconds, or a time such as 2026-09-21T14:13:20Z');
  return ms;
}

function parseBroker(text: string): string {
  brokerAddress(text);
  return text;
}

function parseApi(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username + url.password !== '')
    throw new RangeError('http:// or https:// with a host, such as http://127.0.0.1:8000');
  return text;
}

/** From a file, for everybody sees the arguments of a process. */
function readToken(file: string): string {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    throw new StartError(`cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
  const line = content.split('\n', 1)[0]!.trim();
  if (!TOKEN_PATTERN.test(line)) throw new RangeError('a file whose first line is a token');
  return line;
}

function parseColumns(text: string): CsvForm['columns'] {
  const pairs = text.split(',').map((pair) => pair.split('=').map((word) => word.trim()));
  const isGood = ([column, name, more]: readonly string[]) =>
    (COLUMNS as readonly string[]).includes(column ?? '') &&
    name !== undefined &&
    name !== '' &&
    more === undefined;
  if (!pairs.every(isGood))
    throw new RangeError(`a list such as lab_id=room,temp=t1, of ${COLUMNS.join(', ')}`);
  return Object.fromEntries(pairs);
}

function parseLab(text: string): string {
  if (labIdOfName(text) === undefined) throw new RangeError('a name of up to 200 characters');
  return text;
}

function oneOf<const W extends string>(...words: readonly W[]): (text: string) => W {
  return (text) => {
    const word = words.find((one) => one === text);
    if (word === undefined) throw new RangeError(`one of ${words.join(', ')}`);
    return word;
  };
}

function parseQos(text: string): 0 | 1 {
  if (text !== '0' && text !== '1') throw new RangeError('0 or 1');
  return text === '0' ? 0 : 1;
}

function parseSeconds(text: string): number {
  const seconds = /^\d+\.\d+$/.test(text) ? Number(text) : parseDurationS(text);
  if (seconds < 0.001) throw new RangeError('a duration such as 0.5, 30, 5m or 1h');
  return seconds;
}

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new RangeError(`a whole number from ${min} to ${max}`);
    return value;
  };
}

function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new RangeError(`a number from ${min} to ${max}`);
    return value;
  };
}
