import { parseDurationS } from '@humtemp/bucket-core';
import { mqttUrl } from '../../config/url.js';
import { StartError } from '../../start-error.js';
import { commandArguments } from '../command-arguments.js';

export const EXPLAIN_HELP = `humtemp explain: what a source makes of a publish, field by field, and what to write

Usage: humtemp explain [--source NAME] --topic TOPIC [PAYLOAD]
       humtemp explain [--source NAME] --broker URL [--for 60s]

PAYLOAD is what the device publishes; without it, it is read from standard input.

  --source NAME     a preset such as zigbee2mqtt, or a source of --file; without it: whichever reads the topic, and
                    where none does, a draft of one
  --file FILE       a file of sources, as HUMTEMP_SOURCES_FILE names it
  --topic TOPIC     the topic of the publish
  --hex             PAYLOAD is written in hexadecimal digits
  --broker URL      listens to a broker, and explains the first publish of each topic
  --for DURATION    how long it listens (default 60s)
`;

export interface ExplainOptions {
  /** Undefined: whichever source reads the topic. */
  readonly source: string | undefined;
  readonly file: string | undefined;
  /** What to explain; undefined: listen to the broker. */
  readonly topic: string | undefined;
  /** Undefined: it comes on standard input. */
  readonly payload: Buffer | undefined;
  readonly broker: string | undefined;
  readonly listenS: number;
}

/** @throws StartError that says what is wrong. */
export function parseExplainArguments(argv: readonly string[]): ExplainOptions {
  const { values, positionals } = commandArguments('explain', argv, {
    source: { type: 'string' },
    file: { type: 'string' },
    topic: { type: 'string' },
    hex: { type: 'boolean' },
    broker: { type: 'string' },
    for: { type: 'string', default: '60s' },
  });
  const { source, file, topic, broker, hex = false } = values;
  if ((topic === undefined) === (broker === undefined))
    throw new StartError('either --topic and a payload, or --broker; humtemp explain --help says more');
  if (positionals.length > 1)
    throw new StartError('one payload: put it in quotes, so that the shell leaves it as it is');
  const [text] = positionals;
  if (hex && text !== undefined && !/^([0-9a-fA-F]{2})*$/.test(text))
    throw new StartError('--hex: pairs of hexadecimal digits');
  return {
    source,
    file,
    topic,
    payload: text === undefined ? undefined : Buffer.from(text, hex ? 'hex' : 'utf8'),
    broker: broker === undefined ? undefined : checked('--broker', () => mqttUrl(broker)),
    listenS: checked('--for', () => parseDurationS(values.for)),
  };
}

function checked<T>(option: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StartError(`${option}: expected ${error.message}`, { cause: error });
  }
}
