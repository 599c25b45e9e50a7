import type { RejectionReason } from '@humtemp/bucket-core';
import { BYTE_DECODERS, bytesOfText } from './decoders/byte-decoders.js';
import { type Ask, type DecodeContext, NOT_DECODED } from './decoders/decoder.js';
import type { PayloadFormat } from './decoders/payload-formats.js';
import type { Path } from './language/path.js';
import { matchTopic, type TopicPattern } from './language/topic-pattern.js';
import type { ObservationSink, Publish } from './publish.js';
import { SourceCounts, type SourceReport } from './source-counts.js';
import type { LabNames } from './tables/lab-names.js';
import type { Metric } from './tables/metric-rule.js';
import type { Shape } from './tables/shape.js';
import type { Finding, Reading, Table, TopicWords } from './tables/table.js';
import type { Trace } from './tables/trace.js';
import { firstAt } from './tables/walk.js';
import { forEachLikelyKey } from './unused-keys.js';

/** Bytes within a payload. */
export interface DecodeStep {
  readonly path: Path | undefined;
  readonly as: keyof typeof BYTE_DECODERS;
  readonly encoding: 'hex' | 'base64';
}

/** One table of a source, with what leads to it. */
export interface SourceTable {
  readonly topics: readonly TopicPattern[];
  readonly format: PayloadFormat;
  readonly decode: DecodeStep | undefined;
  /** What a bare value is, if the topic does not say. */
  readonly metric: Metric | undefined;
  /** What the metric of a topic means; empty: the topic names none. */
  readonly metrics: ReadonlyMap<string, Metric>;
  readonly ignoresEmpty: boolean;
  /** Whether the payload may name another lab than the topic. */
  readonly namesLab: boolean;
  readonly table: Table;
}

export interface SourceParts {
  readonly name: string;
  /** The description that it was made of: of two sources with the same one, either will do. */
  readonly description: string;
  readonly filters: readonly string[];
  readonly live: boolean;
  readonly ignore: readonly TopicPattern[];
  readonly tables: readonly SourceTable[];
  readonly names: LabNames;
  /** Keys that a table reads: not to be listed as unused. */
  readonly knownKeys: ReadonlySet<string>;
}

/** What one topic is to a source: tables that may read its payloads, in order. None: ignored. */
export interface Route {
  readonly ways: readonly Way[];
}

export interface Way {
  readonly table: SourceTable;
  readonly words: TopicWords;
  readonly metric: Metric | undefined;
  /** Of the newest payload of the topic. */
  shape: Shape | undefined;
}

/** Publishes whose payloads are all looked through for unused keys; after them one of LOOK_EVERY. */
const LOOKS_FIRST = 256;
const LOOK_EVERY = 64;

const IGNORED: Route = { ways: [] };
const NOWHERE: TopicWords = { lab: undefined, sensor: '' };

/** A set of topics, and how their bytes become observations. */
export class Source {
  readonly name: string;
  readonly filters: readonly string[];
  readonly counts = new SourceCounts();
  /** Publishes something that a device answers, such as a request for its births. */
  ask: Ask | undefined;
  #reads = 0;
  readonly #context: DecodeSlot = { topic: '', metric: undefined, nowMs: 0, ask: undefined };
  readonly #reading: Reading;

  constructor(readonly parts: SourceParts) {
    this.name = parts.name;
    this.filters = parts.filters;
    this.#reading = {
      document: undefined,
      words: NOWHERE,
      into: NO_SINK,
      mustBeWhole: false,
      count: this.counts.event,
      trace: undefined,
    };
  }

  /** What the topic says; undefined if it is none of this source's. */
  match(topic: string): Route | undefined {
    const { ignore, tables, names } = this.parts;
    if (ignore.some((pattern) => matchTopic(pattern, topic) !== undefined)) return IGNORED;
    const ways = tables.flatMap((table) => wayOf(table, topic, names) ?? []);
    return ways.length === 0 ? undefined : { ways };
  }

  /** The lab that the topic names; undefined if the payload may name another. */
  labOf(match: unknown): string | undefined {
    const { ways } = match as Route;
    const lab = ways[0]?.words.lab;
    return ways.every(({ table, words }) => !table.namesLab && words.lab === lab) ? lab : undefined;
  }

  /** Reads one publish, and says in `into` what it was. @param trace is for explanations. */
  decode(match: unknown, publish: Publish, into: ObservationSink, trace?: Trace): void {
    const { ways } = match as Route;
    const { payload } = publish;
    // An empty payload takes a retained publish away [MQTT-3.3.1-10].
    if (ways.length === 0 || payload.start === payload.end || (publish.isReplayed && this.parts.live))
      into.ignore();
    else {
      this.#reads += 1;
      this.#read(ways, publish, into, trace);
    }
  }

  report(): SourceReport {
    const { name, filters, parts } = this;
    return { name, filters, live: parts.live, ...this.counts.report() };
  }

  #read(ways: readonly Way[], publish: Publish, into: ObservationSink, trace: Trace | undefined): void {
    const { bytes, start, end } = publish.payload;
    const context = this.#context;
    const reading = this.#reading;
    reading.into = into;
    reading.mustBeWhole = publish.mustBeWhole === true;
    reading.trace = trace;
    let document: unknown = NOT_DECODED;
    let format: PayloadFormat | undefined;
    let failure: RejectionReason | undefined;
    let best: Finding = 'nothing';
    let ignoresEmpty = true;
    for (let i = 0; i < ways.length; i++) {
      const { table, words, metric } = ways[i]!;
      ignoresEmpty &&= table.ignoresEmpty;
      if (format !== table.format) {
        // The bytes are read once for all tables of one format.
        format = table.format;
        context.topic = format.readsTopic ? publish.topic.toString() : '';
        context.metric = metric;
        context.nowMs = into.receivedMs;
        context.ask = this.ask;
        document = format.decode(bytes, start, end, context);
        if (document === NOT_DECODED) failure ??= format.failure;
      }
      if (document === NOT_DECODED) continue;
      const inner = table.decode === undefined ? document : decodeInner(table.decode, document);
      trace?.document(document, inner);
      if (inner === undefined) continue;
      reading.document = document;
      reading.words = words;
      const finding = table.table.read(inner, reading, ways[i]!);
      if (finding === 'nothing') continue;
      best = finding;
      if (finding !== 'no_reading') break;
    }
    reading.document = undefined;
    if (document !== NOT_DECODED && best !== 'not_the_room') this.#look(document, publish);
    if (best === 'observations' || best === 'rejected') return;
    if (best !== 'nothing') into.ignore();
    else if (document === NOT_DECODED) into.reject(failure ?? 'malformed');
    else if (ignoresEmpty) into.ignore();
    else into.reject('no_value');
  }

  /** Looks for values that the source passes over. */
  #look(document: unknown, publish: Publish): void {
    if (this.#reads <= LOOKS_FIRST || this.#reads % LOOK_EVERY === 0) lookIn(document, publish, this);
  }
}

function lookIn(document: unknown, { topic }: Publish, { parts, counts }: Source): void {
  forEachLikelyKey(document, parts.knownKeys, (path, value) => counts.unused(path, value, topic.toString()));
}

function wayOf(table: SourceTable, topic: string, names: LabNames): Way | undefined {
  for (const pattern of table.topics) {
    const captures = matchTopic(pattern, topic);
    if (captures === undefined) continue;
    const metric = table.metrics.size === 0 ? table.metric : table.metrics.get(captures.metric.toLowerCase());
    if (table.metrics.size > 0 && metric === undefined) continue;
    const words = { lab: names.labOf(captures.lab), sensor: captures.sensor };
    return { table, metric, words, shape: undefined };
  }
  return undefined;
}

/** The context of the publish that is being read: one object for all of them. */
type DecodeSlot = { -readonly [K in keyof Required<DecodeContext>]: DecodeContext[K] };

/** What the bytes within a document decode to; undefined if there are none of that form. */
function decodeInner({ path, as, encoding }: DecodeStep, document: unknown): unknown {
  const at = path === undefined ? document : firstAt(document, path.steps);
  const inner = Buffer.isBuffer(at) ? at : bytesOfText(at, encoding);
  return inner === undefined ? undefined : BYTE_DECODERS[as](inner);
}

const NO_SINK: ObservationSink = {
  receivedMs: 0,
  arrayLengthMax: 0,
  observation: () => false,
  reject: () => {},
  rejectMetric: () => {},
  ignore: () => {},
};
