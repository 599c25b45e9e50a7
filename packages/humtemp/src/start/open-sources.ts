import { withoutCovered } from '@humtemp/bucket-core';
import { LabsSource, type PublishSource, SourceTable } from '@humtemp/intake';
import type { Ask, Discovery, Source, SourceReport } from '@humtemp/sources';
import { FileProblem, FileWatch, readTextFile } from '@humtemp/watched-files';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { StartError } from '../start-error.js';

/** How often the file is looked at. */
const LOOK_EVERY_MS = 1000;
const FILE_BYTES_MAX = 4_000_000;
/** What is announced within this time is taken into force together. */
const ANNOUNCED_TOGETHER_MS = 200;
const UNUSED_LOGGED_MAX = 200;

/** The sources in force. */
export interface OpenSources {
  readonly table: SourceTable;
  /** What each saw besides what intake counts, in the order in which they are asked. */
  reports(): SourceReport[];
  /** From now on devices are asked for what a source needs by publishes of our own. */
  askBy(publish: Ask): void;
  /** Reads the file again. */
  reload(): Promise<void>;
  close(): void;
}

/**
 * The sources as configured: `labs`, those of the file, then the presets. The file is watched; while it is
 * wrong, what was in force stays. @throws StartError
 */
export async function openSources(config: Config, log: Logger): Promise<OpenSources> {
  const { sources: names, sourcesFile: file, mqttTopics, discoveryPrefix } = config;
  const labs = names.includes('labs') ? new LabsSource(mqttTopics) : undefined;
  const labsReport: SourceReport = {
    name: 'labs',
    filters: mqttTopics.filters,
    live: false,
    events: {},
    unused_keys: [],
  };
  const presetsAsked = names.filter((name) => name !== 'labs');
  if (labs !== undefined && presetsAsked.length === 0 && file === undefined && discoveryPrefix === undefined)
    return {
      table: new SourceTable([labs]),
      reports: () => [labsReport],
      askBy: () => {},
      reload: async () => {},
      close: () => {},
    };

  // Only here: most processes read nothing but our own form.
  const library = await import('@humtemp/sources');
  const presets = (await import('@humtemp/sources/presets')).readPresets();
  let publish: Ask | undefined;
  // After the publish that it answers.
  const ask: Ask = (topic, payload) => void setImmediate(() => publish?.(topic, payload));
  let inForce: readonly Source[] = [];
  const table = new SourceTable([]);
  let configured: readonly Source[] = [];
  let rebuilding: NodeJS.Timeout | undefined;
  const discovery =
    discoveryPrefix === undefined
      ? undefined
      : new library.Discovery(discoveryPrefix, {
          // Devices announce all that they have at once.
          onChanged: () => {
            rebuilding ??= setTimeout(() => {
              rebuilding = undefined;
              use(configured);
            }, ANNOUNCED_TOGETHER_MS);
          },
          onUnused: unusedLog(log),
        });
  const use = (own: readonly Source[]) => {
    configured = own;
    const description = discovery?.description();
    const announced =
      description &&
      library.compileSource('homeassistant', description, presets, (at, reason) =>
        log.error({ at: at.join('.'), reason }, 'what is announced to Home Assistant cannot be read'),
      );
    const wanted = announced === undefined ? own : [...own, announced];
    // One that has not changed goes on with what it knows.
    inForce = wanted.map(
      (source) =>
        inForce.find(
          ({ parts }) => parts.name === source.name && parts.description === source.parts.description,
        ) ?? source,
    );
    for (const source of inForce) source.ask = ask;
    const rests = inForce.map((source) => new library.RestOfSource(source));
    const asked = [...(discovery === undefined ? [] : [discovery]), ...inForce];
    const needed = new Set(withoutCovered(asked.flatMap(({ filters }) => filters)));
    const listed = asked.map((source) => publishSource(source, (filter) => needed.delete(filter)));
    table.replace([...(labs === undefined ? [] : [labs]), ...listed, ...rests]);
  };
  const read = async (): Promise<Source[]> => {
    const text = file === undefined ? 'sources: {}' : await readTextFile(file, FILE_BYTES_MAX);
    const own = library.readSources(text, file ?? '', { presets });
    const missing = presetsAsked.filter((name) => !own.some((source) => source.name === name));
    const entries = missing.map((name) => `  ${name}: { preset: ${name} }\n`);
    const given =
      entries.length === 0
        ? []
        : library.readSources(`sources:\n${entries.join('')}`, 'presets', { presets });
    return [...own, ...given];
  };
  const watch = new FileWatch(
    file === undefined
      ? []
      : [
          {
            paths: [file],
            load: async () => {
              use(await read());
              log.info({ file, sources: inForce.map(({ name }) => name) }, 'the sources have changed');
            },
            onError: ({ message }) => log.error({ reason: message }, 'the sources stay as they were'),
          },
        ],
    LOOK_EVERY_MS,
  );
  await watch.start();
  try {
    use(await read());
  } catch (error) {
    watch.stop();
    if (error instanceof library.SourcesError || error instanceof FileProblem)
      throw new StartError(error.message, { cause: error });
    throw error;
  }
  return {
    table,
    reports: () => [...(labs === undefined ? [] : [labsReport]), ...inForce.map((source) => source.report())],
    askBy: (by) => {
      publish = by;
    },
    reload: () => watch.loadAll(),
    close: () => {
      clearTimeout(rebuilding);
      watch.stop();
    },
  };
}

/** A warning for each message that announces something which is not read, and of each once. */
function unusedLog(log: Logger): (topic: string, reason: string) => void {
  const logged = new Set<string>();
  return (topic, reason) => {
    const key = `${topic} ${reason}`;
    if (logged.has(key) || logged.size >= UNUSED_LOGGED_MAX) return;
    logged.add(key);
    log.warn({ topic, reason }, 'announced to Home Assistant, and not read');
  };
}

/** A source with only those of its filters that are taken: one filter is subscribed to once. */
function publishSource(source: Source | Discovery, takes: (filter: string) => boolean): PublishSource {
  return {
    name: source.name,
    filters: source.filters.filter(takes),
    match: (topic) => source.match(topic),
    labOf: (match) => ('labOf' in source ? source.labOf(match) : undefined),
    decode: (match, publish, into) => source.decode(match, publish, into),
  };
}
