import type { RejectionReason } from '@humtemp/bucket-core';
import { BYTE_DECODERS, bytesOfText } from './decoders/byte-decoders.js';
import { type Ask, type DecodeContext, NOT_DECODED } from './decoders/decoder.js';
import type { PayloadFormat } from './decoders/payload-formats.js';
import { type KnownPayload, KnownPayloads } from './known-payloads.js';
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
  readonly ignoresEmpty: boolean;
  /** Undefined: its payloads are always read the general way. */
  readonly payloads: KnownPayloads | undefined;
  /** What the newest payload was like: the next one most likely is, too. */
  known: KnownPayload | undefined;
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

const IGNORED: Route = { ways: [], ignoresEmpty: true, payloads: undefined, known: undefined };
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
  /** By the tables that may read them. */
  readonly #payloads = new Map<string, KnownPayloads | undefined>();

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
    if (ways.length === 0) return undefined;
    const ignoresEmpty = ways.every(({ table }) => table.ignoresEmpty);
    return { ways, ignoresEmpty, payloads: this.#payloadsOf(ways), known: undefined };
  }

  /** The lab that the topic names; undefined if the payload may name another. */
  labOf(match: unknown): string | undefined {
    const { ways } = match as Route;
    const lab = ways[0]?.words.lab;
    return ways.every(({ table, words }) => !table.namesLab && words.lab === lab) ? lab : undefined;
  }

  /** Reads one publish, and says in `into` what it was. @param trace is for explanations. */
  decode(match: unknown, publish: Publish, into: ObservationSink, trace?: Trace): void {
    const route = match as Route;
    const { payload, isReplayed } = publish;
    // An empty payload takes a retained publish away [MQTT-3.3.1-10].
    if (route.ways.length === 0 || payload.start === payload.end || (isReplayed && this.parts.live)) {
      into.ignore();
      return;
    }
    this.#reads += 1;
    const reading = this.#reading;
    reading.into = into;
    reading.mustBeWhole = publish.mustBeWhole === true;
    reading.trace = trace;
    const { known } = route;
    const looks = this.#reads <= LOOKS_FIRST || this.#reads % LOOK_EVERY === 0;
    if (known !== undefined && !looks && known.object.read(payload.bytes, payload.start, payload.end))
      finish(this.#readKnown(route, known), undefined, route, into);
    else this.#read(route, publish, looks && trace === undefined);
    reading.document = undefined;
  }

  report(): SourceReport {
    const { name, filters, parts } = this;
    return { name, filters, live: parts.live, ...this.counts.report() };
  }

  /** Reads the wanted members of a payload whose keys are known. */
  #readKnown({ ways }: Route, { object, slots }: KnownPayload): Finding {
    const reading = this.#reading;
    reading.document = object.value;
    let best: Finding = 'nothing';
    for (let i = 0; i < ways.length; i++) {
      const { table, words } = ways[i]!;
      reading.words = words;
      const finding = table.table.read(object.value, reading, slots[i]!);
      if (finding === 'nothing') continue;
      best = finding;
      if (finding !== 'no_reading') break;
    }
    return best;
  }

  /** Reads a payload the general way. @param looks for values that the source passes over, too. */
  #read(route: Route, publish: Publish, looks: boolean): void {
    const { bytes, start, end } = publish.payload;
    const context = this.#context;
    const reading = this.#reading;
    const { into, trace } = reading;
    let document: unknown = NOT_DECODED;
    let format: PayloadFormat | undefined;
    let failure: RejectionReason | undefined;
    let best: Finding = 'nothing';
    for (const way of route.ways) {
      const { table, words, metric } = way;
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
      const finding = table.table.read(inner, reading, way);
      if (finding === 'nothing') continue;
      best = finding;
      if (finding !== 'no_reading') break;
    }
    const isDecoded = document !== NOT_DECODED;
    if (isDecoded) route.known = route.payloads?.of(document, route.known);
    if (isDecoded && looks && best !== 'not_the_room') this.#look(document, publish);
    finish(best, isDecoded ? undefined : (failure ?? 'malformed'), route, into);
  }

  /** Lists values that the source passes over. */
  #look(document: unknown, { topic }: Publish): void {
    forEachLikelyKey(document, this.parts.knownKeys, (path, value) =>
      this.counts.unused(path, value, topic.toString()),
    );
  }

  #payloadsOf(ways: readonly Way[]): KnownPayloads | undefined {
    const { tables } = this.parts;
    const name = ways.map(({ table }) => tables.indexOf(table)).join();
    if (!this.#payloads.has(name)) {
      const isJson = ways.every(({ table: { format, decode } }) => format.isJson && decode === undefined);
      const payloads = isJson ? KnownPayloads.for(ways.map(({ table }) => table.table)) : undefined;
      this.#payloads.set(name, payloads);
    }
    return this.#payloads.get(name);
  }
}

/** Says what a publish was, where its observations and rejections do not. */
function finish(
  best: Finding,
  failure: RejectionReason | undefined,
  { ignoresEmpty }: Route,
  into: ObservationSink,
): void {
  if (best === 'observations' || best === 'rejected') return;
  if (best !== 'nothing') into.ignore();
  else if (failure !== undefined) into.reject(failure);
  else if (ignoresEmpty) into.ignore();
  else into.reject('no_value');
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
