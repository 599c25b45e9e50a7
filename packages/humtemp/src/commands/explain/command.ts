import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import {
  explain,
  explanationText,
  type Presets,
  readSources,
  type Source,
  SourcesError,
} from '@humtemp/sources';
import { readPresets } from '@humtemp/sources/presets';
import { StartError } from '../../start-error.js';
import { EXPLAIN_HELP, type ExplainOptions, parseExplainArguments } from './options.js';

/** Runs `humtemp explain`. @throws StartError with a message for the person who started it. */
export async function explainCommand(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(EXPLAIN_HELP);
    return;
  }
  const options = parseExplainArguments(argv);
  const { broker, topic } = options;
  if (broker !== undefined) await explainFromBroker(broker, options);
  else {
    const payload = options.payload ?? withoutNewline(await buffer(process.stdin));
    process.stdout.write(`${explained(options, topic!, payload)}\n`);
  }
}

/** The explanation of one publish, as text. @throws StartError */
export function explained(
  { source, file }: Pick<ExplainOptions, 'source' | 'file'>,
  topic: string,
  payload: Buffer,
): string {
  return explanationText(explain(sourceNamed(source, file), topic, payload, Date.now()));
}

/** A source of its own for each explanation: it counts. */
function sourceNamed(name: string, file: string | undefined): Source {
  const presets = readPresets();
  try {
    const own = file === undefined ? [] : readSources(readText(file), file, { presets });
    const found = own.find((source) => source.name === name) ?? presetNamed(name, presets);
    if (found !== undefined) return found;
    const names = [...own.map((source) => source.name), ...presets.keys()];
    throw new StartError(`no source ${name}; there are ${names.join(', ')}`);
  } catch (error) {
    if (error instanceof SourcesError) throw new StartError(error.message, { cause: error });
    throw error;
  }
}

function presetNamed(name: string, presets: Presets): Source | undefined {
  if (!presets.has(name)) return undefined;
  return readSources(`sources: { ${name}: { preset: ${name} } }`, name, { presets })[0];
}

/** Subscribes to what the source reads, and explains the first publish of each topic. */
async function explainFromBroker(url: string, options: ExplainOptions): Promise<void> {
  const { connectAsync } = await import('mqtt');
  const { filters } = sourceNamed(options.source, options.file);
  const client = await connectAsync(url, { reconnectPeriod: 0 }).catch((error: Error) => {
    throw new StartError(`${new URL(url).host}: ${error.message || 'the broker cannot be reached'}`);
  });
  process.stderr.write(`listening for ${options.listenS} s to ${filters.join(', ')}\n`);
  const seen = new Set<string>();
  client.on('message', (topic, payload) => {
    if (seen.has(topic)) return;
    seen.add(topic);
    process.stdout.write(`${topic}\n${indented(explained(options, topic, payload))}\n\n`);
  });
  await client.subscribeAsync([...filters]);
  await new Promise((resolve) => setTimeout(resolve, options.listenS * 1000));
  await client.endAsync(true);
  if (seen.size === 0)
    process.stderr.write('nothing came: is that the broker, and is a device publishing?\n');
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StartError(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** What a shell puts behind what it echoes is no part of the payload. */
function withoutNewline(payload: Buffer): Buffer {
  return payload.at(-1) === 0x0a ? payload.subarray(0, -1) : payload;
}
