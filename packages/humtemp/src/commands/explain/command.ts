import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import {
  draftSource,
  type Explanation,
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

/** The explanation of one publish, as text: by the source that is named, else by every source that reads its topic. @throws StartError */
export function explained(
  { source, file }: Pick<ExplainOptions, 'source' | 'file'>,
  topic: string,
  payload: Buffer,
): string {
  const all = allSources(file);
  if (source === undefined) return explainedByAll(all, topic, payload);
  const named = all.find(({ name }) => name === source);
  if (named === undefined)
    throw new StartError(`no source ${source}; there are ${all.map(({ name }) => name).join(', ')}`);
  const text = explanationText(explain(named, topic, payload, Date.now()));
  if (named.match(topic) !== undefined) return text;
  const others = all.filter((one) => one.match(topic) !== undefined).map(({ name }) => name);
  return others.length === 0 ? text : `${text}\n  the topic is one of ${others.join(', ')}`;
}

/** What the sources that read the topic make of it; where there is none, a draft of one. */
function explainedByAll(all: readonly Source[], topic: string, payload: Buffer): string {
  if (/^labs\/[^/]+\/observation$/.test(topic)) return OUR_OWN;
  const byName: [name: string, explanation: Explanation][] = all
    .filter((source) => source.match(topic) !== undefined)
    .map((source) => [source.name, explain(source, topic, payload, Date.now())]);
  const counting = byName.filter(([, { fate }]) => fate === 'observations');
  const shown = counting.length > 0 ? counting : byName;
  if (shown.length > 0)
    return shown.map(([name, one]) => `source ${name}: ${explanationText(one)}`).join('\n');
  const draft = draftSource(topic, payload);
  if (draft === undefined)
    return `no source reads the topic ${topic}, and there is no number in the payload\nhints\n  ${NO_NUMBER}`;
  const [source] = readSources(draft.yaml, 'draft', {});
  const tried = explanationText(explain(source!, topic, payload, Date.now()));
  return [
    `no source reads the topic ${topic}; one of your own to begin with, for the file of HUMTEMP_SOURCES_FILE:`,
    indented(draft.yaml),
    `with it: ${tried}`,
    ...(draft.hints.length > 0 ? ['to be looked at', ...draft.hints.map((hint) => `  ${hint}`)] : []),
  ].join('\n');
}

const OUR_OWN =
  'source labs: our own form, {"temp":21.5,"humidity":48.2} with an optional timestamp and sensor; docs/protocol.md has the rest';
const NO_NUMBER =
  'bytes need a decoder: decode: { as: bthome, ruuvi-rawv2, pvvx or cayenne-lpp }, or a codec at the gateway that writes JSON';

/** The sources of the file, then the presets. Made anew for each explanation: they count. */
function allSources(file: string | undefined): Source[] {
  const presets = readPresets();
  try {
    const own = file === undefined ? [] : readSources(readText(file), file, { presets });
    const names = new Set(own.map(({ name }) => name));
    const others = [...presets.keys()].filter((name) => !names.has(name));
    return [...own, ...others.map((name) => presetNamed(name, presets))];
  } catch (error) {
    if (error instanceof SourcesError) throw new StartError(error.message, { cause: error });
    throw error;
  }
}

function presetNamed(name: string, presets: Presets): Source {
  return readSources(`sources: { ${name}: { preset: ${name} } }`, name, { presets })[0]!;
}

/** Subscribes to what the source reads, and explains the first publish of each topic. */
async function explainFromBroker(url: string, options: ExplainOptions): Promise<void> {
  const { connectAsync } = await import('mqtt');
  const filters = filtersOf(options);
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

function filtersOf({ source, file }: ExplainOptions): readonly string[] {
  if (source === undefined) return ['#'];
  const all = allSources(file);
  const named = all.find(({ name }) => name === source);
  if (named === undefined)
    throw new StartError(`no source ${source}; there are ${all.map(({ name }) => name).join(', ')}`);
  return named.filters;
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
