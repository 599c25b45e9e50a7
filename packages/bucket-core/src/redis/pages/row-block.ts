import { ABSENT } from '../../observation/fixed-point.js';
import { ByteReader, bitsAt, widthOf } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import type { Rows } from './rows.js';

/**
 * Rows in the order of time, packed as columns with as many bits as each needs; about 2 bytes a row. Of its page's start:
 *
 *     varint  rows; first time − start of the page, last time − first time, in the unit of time
 *     u24     bits of a difference of times (5), of temp (5), of humidity (5); which rows have temp: 0 all, 1 none,
 *             2 some (2); humidity likewise (2); times in seconds (1); unit of temp 1, 10, 100, 1000 (2), of humidity (2)
 *     varint  least difference of times (from two rows on), zigzag least temp (unless none has it), zigzag least humidity
 *     varint  if it has tags: number of different ones, 5 bytes each
 *     bits    differences of times, bitmap of temp (if some), temps, bitmap of humidity, humidities, numbers of tags
 */
export const BLOCK_ROWS_MAX = 128;

const UNITS = [1, 10, 100, 1000] as const;
const [ALL, NONE, SOME] = [0, 1, 2] as const;
/** In the u24: times are in seconds. */
const SECONDS = 1 << 19;

/** What is known about a column before it is packed. */
interface Column {
  readonly mode: number;
  readonly unit: number;
  readonly min: number;
  readonly width: number;
}

export function hasTags({ tag }: Rows, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (tag[i] !== 0) return true;
  return false;
}

export function putRowBlock(
  out: ByteWriter,
  rows: Rows,
  from: number,
  to: number,
  pageStartMs: number,
  withTags: boolean,
): void {
  const count = to - from;
  out.room(64 + count * 24);
  const { ms } = rows;
  let isSeconds = true;
  let stepMin = Number.POSITIVE_INFINITY;
  let stepMax = 0;
  for (let i = from; i < to; i++) {
    if (ms[i]! % 1000 !== 0) isSeconds = false;
    if (i === from) continue;
    const step = ms[i]! - ms[i - 1]!;
    if (step < stepMin) stepMin = step;
    if (step > stepMax) stepMax = step;
  }
  const second = isSeconds && pageStartMs % 1000 === 0 ? 1000 : 1;
  const stepWidth = count > 1 ? widthOf((stepMax - stepMin) / second) : 0;
  const temp = columnOf(rows.temp, from, to);
  const humidity = columnOf(rows.humidity, from, to);
  out.varint(count);
  out.varint((ms[from]! - pageStartMs) / second);
  out.varint((ms[to - 1]! - ms[from]!) / second);
  const meta =
    stepWidth |
    (temp.width << 5) |
    (humidity.width << 10) |
    (temp.mode << 15) |
    (humidity.mode << 17) |
    (second === 1000 ? SECONDS : 0) |
    (temp.unit << 20) |
    (humidity.unit << 22);
  out.byte(meta);
  out.byte(meta >> 8);
  out.byte(meta >> 16);
  if (count > 1) out.varint(stepMin / second);
  if (temp.mode !== NONE) out.zigzag(temp.min);
  if (humidity.mode !== NONE) out.zigzag(humidity.min);
  const tags = withTags ? putTags(out, rows, from, to) : undefined;
  if (stepWidth > 0)
    for (let i = from + 1; i < to; i++) out.bits((ms[i]! - ms[i - 1]! - stepMin) / second, stepWidth);
  putColumn(out, rows.temp, from, to, temp);
  putColumn(out, rows.humidity, from, to, humidity);
  if (tags !== undefined && tags.size < count) {
    const width = widthOf(tags.size - 1);
    if (width > 0) for (let i = from; i < to; i++) out.bits(tags.get(rows.tag[i]!)!, width);
  }
  out.endBits();
}

function columnOf(values: readonly number[], from: number, to: number): Column {
  let count = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let unit = UNITS.length - 1;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (value === ABSENT) continue;
    count += 1;
    if (value < min) min = value;
    if (value > max) max = value;
    while (value % UNITS[unit]! !== 0) unit -= 1;
  }
  if (count === 0) return { mode: NONE, unit: 0, min: 0, width: 0 };
  const divisor = UNITS[unit]!;
  const mode = count === to - from ? ALL : SOME;
  return { mode, unit, min: min / divisor, width: widthOf((max - min) / divisor) };
}

function putColumn(
  out: ByteWriter,
  values: readonly number[],
  from: number,
  to: number,
  { mode, unit, min, width }: Column,
): void {
  if (mode === SOME) for (let i = from; i < to; i++) out.bits(values[i] === ABSENT ? 0 : 1, 1);
  if (width === 0) return;
  const divisor = UNITS[unit]!;
  for (let i = from; i < to; i++) out.bits(values[i] === ABSENT ? 0 : values[i]! / divisor - min, width);
}

function putTags(out: ByteWriter, { tag }: Rows, from: number, to: number): Map<number, number> {
  const numbers = new Map<number, number>();
  for (let i = from; i < to; i++) if (!numbers.has(tag[i]!)) numbers.set(tag[i]!, numbers.size);
  out.varint(numbers.size);
  for (const one of numbers.keys()) {
    out.u32(one);
    out.byte(one / 4_294_967_296);
  }
  return numbers;
}

const reader = new ByteReader();

/** Time of the newest row of a block, Unix milliseconds. */
export function newestOfRowBlock(bytes: Buffer, at: number, pageStartMs: number): number {
  reader.from(bytes, at);
  reader.varint();
  const last = reader.varint() + reader.varint();
  reader.byte();
  reader.byte();
  return pageStartMs + last * ((reader.byte() << 16) & SECONDS ? 1000 : 1);
}

/** Adds the rows of a block in [fromMs, toMs) to `rows`. It looks at no column of a block that has none. */
export function getRowBlock(
  bytes: Buffer,
  at: number,
  pageStartMs: number,
  fromMs: number,
  toMs: number,
  withTags: boolean,
  rows: Rows,
): void {
  reader.from(bytes, at);
  const count = reader.varint();
  const offset = reader.varint();
  const span = reader.varint();
  const meta = reader.byte() | (reader.byte() << 8) | (reader.byte() << 16);
  const second = meta & SECONDS ? 1000 : 1;
  let ms = pageStartMs + offset * second;
  if (ms >= toMs || ms + span * second < fromMs) return;
  const stepWidth = meta & 31;
  const tempWidth = (meta >> 5) & 31;
  const humidityWidth = (meta >> 10) & 31;
  const tempMode = (meta >> 15) & 3;
  const humidityMode = (meta >> 17) & 3;
  const tempUnit = UNITS[(meta >> 20) & 3]!;
  const humidityUnit = UNITS[(meta >> 22) & 3]!;
  const stepMin = count > 1 ? reader.varint() : 0;
  const tempMin = tempMode === NONE ? 0 : reader.zigzag();
  const humidityMin = humidityMode === NONE ? 0 : reader.zigzag();
  let tags: number[] | undefined;
  let tagWidth = 0;
  if (withTags) {
    tags = [];
    const number = reader.varint();
    for (let i = 0; i < number && i < count; i++) tags.push(reader.u32() + reader.byte() * 4_294_967_296);
    tagWidth = number === count ? -1 : widthOf(number - 1);
  }
  const stepBit = reader.at * 8;
  const tempMapBit = stepBit + stepWidth * (count - 1);
  const tempBit = tempMapBit + (tempMode === SOME ? count : 0);
  const humidityMapBit = tempBit + tempWidth * count;
  const humidityBit = humidityMapBit + (humidityMode === SOME ? count : 0);
  const tagBit = humidityBit + humidityWidth * count;
  for (let i = 0; i < count; i++) {
    if (i > 0) ms += (stepMin + bitsAt(bytes, stepBit + stepWidth * (i - 1), stepWidth)) * second;
    if (ms < fromMs) continue;
    if (ms >= toMs) break;
    const hasTemp = tempMode === ALL || (tempMode === SOME && bitsAt(bytes, tempMapBit + i, 1) === 1);
    const hasHumidity =
      humidityMode === ALL || (humidityMode === SOME && bitsAt(bytes, humidityMapBit + i, 1) === 1);
    const tag = tags?.[tagWidth < 0 ? i : bitsAt(bytes, tagBit + tagWidth * i, tagWidth)] ?? 0;
    rows.push(
      ms,
      tag,
      hasTemp ? (tempMin + bitsAt(bytes, tempBit + tempWidth * i, tempWidth)) * tempUnit : ABSENT,
      hasHumidity
        ? (humidityMin + bitsAt(bytes, humidityBit + humidityWidth * i, humidityWidth)) * humidityUnit
        : ABSENT,
    );
  }
}
