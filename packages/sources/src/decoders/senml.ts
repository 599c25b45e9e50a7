import { decode as decodeCbor } from 'cborg';
import { isObject, memberOf } from '../tables/json-access.js';
import { type DecodeContext, NOT_DECODED } from './decoder.js';
import { decodeJson } from './json.js';

/** Labels of CBOR for the members of a record [RFC 8428 §6]. */
const LABELS = new Map<unknown, string>([
  [-2, 'bn'],
  [-3, 'bt'],
  [-4, 'bu'],
  [-5, 'bv'],
  [0, 'n'],
  [1, 'u'],
  [2, 'v'],
  [6, 't'],
]);
/** From this on a time is absolute; below it is seconds from now [RFC 8428 §4.5.3]. */
const ABSOLUTE_FROM_S = 2 ** 28;
const RECORDS_MAX = 10_000;

/**
 * SenML as a list of what was measured at one time by one device: `base` (bn), `time` in Unix seconds, and
 * the values by their unit, such as `Cel` and `%RH`. Where a unit comes twice, each record stands alone with
 * its `name` (n).
 */
export function decodeSenmlJson(bytes: Buffer, start: number, end: number, context: DecodeContext): unknown {
  return resolved(decodeJson(bytes, start, end), context.nowMs);
}

export function decodeSenmlCbor(bytes: Buffer, start: number, end: number, context: DecodeContext): unknown {
  try {
    const records: unknown = decodeCbor(bytes.subarray(start, end), {
      useMaps: true,
      allowBigInt: true,
      allowUndefined: false,
    });
    if (!Array.isArray(records)) return NOT_DECODED;
    return resolved(records.map(named), context.nowMs);
  } catch {
    return NOT_DECODED;
  }
}

function named(record: unknown): unknown {
  if (!(record instanceof Map)) return undefined;
  const members: Record<string, unknown> = {};
  for (const [label, value] of record) {
    const key = LABELS.get(label) ?? (label === 'bn' || label === 'n' ? label : undefined);
    if (key !== undefined) members[key] = value;
  }
  return members;
}

interface Group {
  readonly base: string;
  readonly time: number | undefined;
  readonly records: { readonly name: string; readonly unit: string; readonly value: number }[];
}

function resolved(records: unknown, nowMs: number): unknown {
  if (!Array.isArray(records) || records.length > RECORDS_MAX) return NOT_DECODED;
  let [base, baseTime, baseUnit, baseValue] = ['', 0, '', 0];
  const groups = new Map<string, Group>();
  for (const record of records as unknown[]) {
    if (!isObject(record)) return NOT_DECODED;
    base = textOr(memberOf(record, 'bn'), base);
    baseTime = numberOr(memberOf(record, 'bt'), baseTime);
    baseUnit = textOr(memberOf(record, 'bu'), baseUnit);
    baseValue = numberOr(memberOf(record, 'bv'), baseValue);
    const value = memberOf(record, 'v');
    if (typeof value !== 'number') continue;
    const seconds = baseTime + numberOr(memberOf(record, 't'), 0);
    const time = seconds === 0 ? undefined : seconds >= ABSOLUTE_FROM_S ? seconds : nowMs / 1000 + seconds;
    const key = `${base}\n${time}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { base, time, records: [] };
      groups.set(key, group);
    }
    const unit = textOr(memberOf(record, 'u'), baseUnit);
    group.records.push({ name: textOr(memberOf(record, 'n'), ''), unit, value: value + baseValue });
  }
  return [...groups.values()].flatMap(documentsOf);
}

function documentsOf({ base, time, records }: Group): Record<string, unknown>[] {
  const units = records.map(({ unit }) => unit);
  const isOne = new Set(units).size === units.length;
  if (isOne) return [documentOf(base, time, undefined, records)];
  return records.map((record) => documentOf(base, time, record.name, [record]));
}

function documentOf(
  base: string,
  time: number | undefined,
  name: string | undefined,
  records: Group['records'],
) {
  const document: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const { unit, value } of records) document[unit] = value;
  return Object.assign(document, {
    base,
    ...(time === undefined ? {} : { time }),
    ...(name === undefined ? {} : { name }),
  });
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : otherwise;
}
