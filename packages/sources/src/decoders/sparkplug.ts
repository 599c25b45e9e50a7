import { PbfReader, PbfWriter } from 'pbf';
import { type DecodeContext, type Decoder, NOT_DECODED } from './decoder.js';

/** What a birth says of an alias. */
interface Born {
  readonly name: string;
  readonly datatype: number;
}

interface Metric {
  name: string | undefined;
  alias: number | undefined;
  timestamp: number | undefined;
  datatype: number | undefined;
  isNull: boolean;
  integer: number | undefined;
  other: number | string | boolean | undefined;
}

interface Payload {
  timestamp: number | undefined;
  readonly metrics: Metric[];
}

/** Edge nodes, and aliases of one of them, that are kept. Beyond it the eldest make room. */
const NODES_MAX = 10_000;
const ALIASES_MAX = 10_000;
const METRICS_MAX = 10_000;
/** How long an edge node has to answer a request for its birth before it is asked again. */
const REBIRTH_PAUSE_MS = 60_000;

interface EdgeNode {
  readonly aliases: Map<number, Born>;
  readonly names: Map<string, number>;
  askedAtMs: number;
}

/**
 * Sparkplug B (version 3.0.0 of the specification). Births give aliases their names and datatypes; an alias
 * is unique within its edge node. Data with an alias of no birth asks the edge node for a new one, at most
 * once a minute.
 *
 * The document is a list of what has one timestamp: `timestamp` in milliseconds, `metrics` by name, each its
 * `value`.
 */
export function sparkplugDecoder(): Decoder {
  const nodes = new Map<string, EdgeNode>();
  return (bytes, start, end, context) => {
    const [namespace, group, type, edge] = context.topic.split('/');
    if (edge === undefined) return NOT_DECODED;
    const payload = readPayload(bytes.subarray(start, end));
    if (payload === undefined) return NOT_DECODED;
    const key = `${group}/${edge}`;
    if (type === 'NBIRTH') nodes.delete(key);
    let node = nodes.get(key);
    if (node === undefined) {
      if (nodes.size >= NODES_MAX) nodes.delete(nodes.keys().next().value!);
      node = { aliases: new Map(), names: new Map(), askedAtMs: -Infinity };
      nodes.set(key, node);
    }
    if (type === 'NBIRTH' || type === 'DBIRTH') learn(node, payload);
    const documents = new Map<number | undefined, { timestamp?: number; metrics: Record<string, unknown> }>();
    let isUnknown = false;
    for (const metric of payload.metrics) {
      const born = metric.alias === undefined ? undefined : node.aliases.get(metric.alias);
      const name = metric.name ?? born?.name;
      if (name === undefined) {
        isUnknown = true;
        continue;
      }
      const timestamp = metric.timestamp ?? payload.timestamp;
      let document = documents.get(timestamp);
      if (document === undefined) {
        document = {
          ...(timestamp === undefined ? {} : { timestamp }),
          metrics: Object.create(null) as Record<string, unknown>,
        };
        documents.set(timestamp, document);
      }
      document.metrics[name] = {
        value: valueIn(metric, metric.datatype ?? born?.datatype ?? node.names.get(name)),
      };
    }
    if (isUnknown) askForBirth(node, `${namespace}/${group}/NCMD/${edge}`, context);
    return [...documents.values()];
  };
}

function learn(node: EdgeNode, payload: Payload): void {
  for (const { name, alias, datatype } of payload.metrics) {
    if (name === undefined || datatype === undefined) continue;
    if (node.names.size < ALIASES_MAX) node.names.set(name, datatype);
    if (alias !== undefined && (node.aliases.size < ALIASES_MAX || node.aliases.has(alias)))
      node.aliases.set(alias, { name, datatype });
  }
}

function askForBirth(node: EdgeNode, topic: string, { nowMs, ask }: DecodeContext): void {
  if (ask === undefined || nowMs - node.askedAtMs < REBIRTH_PAUSE_MS) return;
  node.askedAtMs = nowMs;
  ask(topic, rebirthCommand(nowMs));
}

const BOOLEAN = 11;

/**
 * The payload of an NCMD that asks for a rebirth [tck-id-operational-behavior-data-commands-rebirth-name].
 */
function rebirthCommand(nowMs: number): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, nowMs);
  pbf.writeMessage(
    2,
    (_, metric) => {
      metric.writeStringField(1, 'Node Control/Rebirth');
      metric.writeVarintField(4, BOOLEAN);
      metric.writeBooleanField(14, true);
    },
    undefined,
  );
  return pbf.finish();
}

/** The value in the width of its datatype: encoders write a negative Int8 or Int16 in 32 or in 64 bits. */
function valueIn(metric: Metric, datatype: number | undefined): number | string | boolean | null {
  if (metric.isNull) return null;
  const { integer } = metric;
  if (integer === undefined) return metric.other ?? null;
  if (datatype === 1) return (integer << 24) >> 24;
  if (datatype === 2) return (integer << 16) >> 16;
  if (datatype === 3) return integer | 0;
  if (datatype === 5) return integer & 0xff;
  if (datatype === 6) return integer & 0xffff;
  if (datatype === 7) return integer >>> 0;
  return integer;
}

function readPayload(bytes: Uint8Array): Payload | undefined {
  try {
    return new PbfReader(bytes).readFields(readPayloadField, { timestamp: undefined, metrics: [] });
  } catch {
    return undefined;
  }
}

function readPayloadField(tag: number, payload: Payload, pbf: PbfReader): void {
  if (tag === 1) payload.timestamp = pbf.readVarint();
  else if (tag === 2) {
    if (payload.metrics.length >= METRICS_MAX) throw new RangeError('too many metrics');
    payload.metrics.push(
      pbf.readMessage(readMetricField, {
        name: undefined,
        alias: undefined,
        timestamp: undefined,
        datatype: undefined,
        isNull: false,
        integer: undefined,
        other: undefined,
      }),
    );
  }
}

function readMetricField(tag: number, metric: Metric, pbf: PbfReader): void {
  if (tag === 1) metric.name = pbf.readString();
  else if (tag === 2) metric.alias = pbf.readVarint();
  else if (tag === 3) metric.timestamp = pbf.readVarint();
  else if (tag === 4) metric.datatype = pbf.readVarint();
  else if (tag === 7) metric.isNull = pbf.readBoolean();
  // Signed: a negative number may come in ten bytes, where 64 unsigned bits are more than a double holds.
  else if (tag === 10 || tag === 11) metric.integer = pbf.readVarint(true);
  else if (tag === 12) metric.other = pbf.readFloat();
  else if (tag === 13) metric.other = pbf.readDouble();
  else if (tag === 14) metric.other = pbf.readBoolean();
  else if (tag === 15) metric.other = pbf.readString();
}
