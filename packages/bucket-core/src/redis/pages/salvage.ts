import { ABSENT } from '../../observation/fixed-point.js';
import { EMPTY_BASE_BYTES, packBase, parseHead } from './head.js';
import { humidityAt, msAt, putRow, ROW_BYTES, tempAt } from './tail-row.js';
import { UnreadableValue } from './unreadable-value.js';

/** Values that an observation can have at all, in thousandths. */
const TEMP_MAX = 1_000_000;
const HUMIDITY_MAX = 100_000;

/**
 * A head in place of one that is damaged, with those of its observations that are not folded yet and are whole: they were
 * acknowledged. Commits may have appended them after the damage.
 * @param lowMs, highMs between which the time of an observation must lie
 * @param nowMs what is not newer is compared with raw pages from then on, if no observation is left to tell
 */
export function salvagedHead(
  value: Buffer,
  generation: number,
  lowMs: number,
  highMs: number,
  nowMs: number,
): Buffer {
  const isWhole = (at: number) => isObservation(value, at, lowMs, highMs);
  // Behind a base, observations that have expired are whole as well: a lab that says little keeps them for long.
  const isWholeOrOld = (at: number) => isObservation(value, at, 0, highMs);
  const [from, to] = fromTheBase(value, isWholeOrOld) ?? fromTheEnd(value, isWhole);
  const sound = soundBase(value, from);
  let newestMs = sound === undefined ? 0 : parseHead(sound).watermarkMs;
  for (let at = from; at < to; at += ROW_BYTES) newestMs = Math.max(newestMs, msAt(value, at));
  if (newestMs === 0) newestMs = nowMs;
  const base = sound ?? packBase(generation, newestMs, []);
  const rows = value.subarray(from, to);
  const end = Buffer.alloc(ROW_BYTES);
  putRow(end, 0, newestMs, 0, ABSENT, ABSENT);
  return Buffer.concat([base, rows, end]);
}

/** A head in place of a value that is none at all. */
export function newHead(generation: number, nowMs: number): Buffer {
  return salvagedHead(Buffer.alloc(0), generation, 0, 0, nowMs);
}

/** Where the base says that it ends; undefined unless all that follows are observations. */
function fromTheBase(value: Buffer, isWhole: (at: number) => boolean): [number, number] | undefined {
  if (value.length < 5) return undefined;
  const from = value.readUInt32LE(1);
  if (from < EMPTY_BASE_BYTES || from > value.length) return undefined;
  const rows = Math.floor((value.length - from) / ROW_BYTES);
  for (let i = 0; i < rows; i++) if (!isWhole(from + i * ROW_BYTES)) return undefined;
  return [from, from + rows * ROW_BYTES];
}

function fromTheEnd(value: Buffer, isWhole: (at: number) => boolean): [number, number] {
  let from = value.length;
  while (from >= ROW_BYTES && isWhole(from - ROW_BYTES)) from -= ROW_BYTES;
  return [from, value.length];
}

function isObservation(value: Buffer, at: number, lowMs: number, highMs: number): boolean {
  const ms = msAt(value, at);
  if (ms < lowMs || ms > highMs) return false;
  const temp = tempAt(value, at);
  const humidity = humidityAt(value, at);
  const isTemp = temp === ABSENT || Math.abs(temp) <= TEMP_MAX;
  return isTemp && (humidity === ABSENT || (humidity >= 0 && humidity <= HUMIDITY_MAX));
}

/** The base, if only what follows was damaged. */
function soundBase(value: Buffer, from: number): Buffer | undefined {
  try {
    const base = value.subarray(0, from);
    return parseHead(base).baseBytes === from ? base : undefined;
  } catch (error) {
    if (error instanceof UnreadableValue) return undefined;
    throw error;
  }
}
