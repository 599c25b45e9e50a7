import { type Static, Type } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { type BucketGrid, oldestLiveMs } from '../grid/bucket-grid.js';
import { ABSENT, toThousandths } from './fixed-point.js';
import type { RejectionReason } from './rejection.js';
import { timestampToMs } from './timestamp.js';

/** One valid measurement of a lab at a time, in fixed point. */
export interface Observation {
  /** When it was measured, Unix milliseconds. */
  readonly timestampMs: number;
  /** Whether the sensor said so; if not, it is the time of receipt, and there is nothing to deduplicate by. */
  readonly timed: boolean;
  /** Thousandths of a °C, or ABSENT. */
  readonly temp: number;
  /** Thousandths of a %RH, or ABSENT. */
  readonly humidity: number;
  /** Which of several sensors of the lab it is; empty if it did not say. */
  readonly sensor: string;
}

const LIMITS = { temp: { minimum: -100, maximum: 200 }, humidity: { minimum: 0, maximum: 100 } };

const temp = Type.Union([Type.Number(LIMITS.temp), Type.Null()]);
const humidity = Type.Union([Type.Number(LIMITS.humidity), Type.Null()]);

/** The JSON of an observation as a sensor sends it. Unknown fields are ignored: real devices send many. */
export const ObservationPayload = Type.Object({
  timestamp: Type.Optional(
    Type.Union([Type.Number(), Type.String(), Type.Null()], {
      description:
        'when it was measured: Unix seconds, or an RFC 3339 text with a zone; absent: time of receipt',
    }),
  ),
  temp: Type.Optional(temp),
  temperature: Type.Optional(temp),
  humidity: Type.Optional(humidity),
  sensor: Type.Optional(Type.Union([Type.String({ maxLength: 50 }), Type.Null()])),
});

export type ObservationPayload = Static<typeof ObservationPayload>;

const payloadCheck = TypeCompiler.Compile(ObservationPayload);

/** The reason for each field that can be wrong. */
const REASON_OF_FIELD: Readonly<Record<string, RejectionReason>> = {
  '/timestamp': 'timestamp',
  '/temp': 'temp',
  '/temperature': 'temp',
  '/humidity': 'humidity',
  '/sensor': 'sensor',
};

/** How far ahead of the clock a timestamp may be. */
export const FUTURE_MS_MAX = 60_000;

/**
 * The observation that a parsed JSON value is, or the reason why it is none. `receivedMs` stands in for a missing
 * timestamp and is the clock that expired and future are measured by.
 */
export function decodeObservation(
  value: unknown,
  grid: BucketGrid,
  receivedMs: number,
): Observation | RejectionReason {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not_an_object';
  if (!payloadCheck.Check(value)) {
    const path = payloadCheck.Errors(value).First()?.path ?? '';
    return REASON_OF_FIELD[path] ?? 'not_an_object';
  }
  const tempValue = value.temp ?? value.temperature ?? undefined;
  const humidityValue = value.humidity ?? undefined;
  if (tempValue === undefined && humidityValue === undefined) return 'no_value';

  const sensor = value.sensor ?? '';
  // A lone surrogate has no UTF-8 form; two such sensors would become one.
  if (sensor !== '' && !sensor.isWellFormed()) return 'sensor';

  const timed = value.timestamp !== undefined && value.timestamp !== null;
  const timestampMs = timed ? timestampToMs(value.timestamp) : receivedMs;
  if (timestampMs === undefined) return 'timestamp';
  const outside = timeRejection(timestampMs, oldestLiveMs(grid, receivedMs), receivedMs);
  if (outside !== undefined) return outside;

  return {
    timestampMs,
    timed,
    temp: tempValue === undefined ? ABSENT : toThousandths(tempValue),
    humidity: humidityValue === undefined ? ABSENT : toThousandths(humidityValue),
    sensor,
  };
}

/** Why an observation of this time is not taken, if it is not. `oldestMs` is oldestLiveMs at that time. */
export function timeRejection(
  timestampMs: number,
  oldestMs: number,
  receivedMs: number,
): 'future' | 'expired' | undefined {
  if (timestampMs > receivedMs + FUTURE_MS_MAX) return 'future';
  if (timestampMs < oldestMs) return 'expired';
  return undefined;
}

/** Whether a temperature in °C, or a humidity in %RH, is within the limits of the schema. */
export const isTemp = (value: number) => value >= LIMITS.temp.minimum && value <= LIMITS.temp.maximum;
export const isHumidity = (value: number) =>
  value >= LIMITS.humidity.minimum && value <= LIMITS.humidity.maximum;
