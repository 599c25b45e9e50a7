import { type Static, Type } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { ABSENT, toThousandths } from './fixed-point.js';
import type { RejectionReason } from './rejection.js';
import { deviceTimeToMs } from './timestamp.js';

/** One measurement of a lab as its sensor reports it, in fixed point. */
export interface Observation {
  /** When it was measured, Unix milliseconds; undefined: it does not say, so there is nothing to deduplicate by. */
  readonly timestampMs: number | undefined;
  /** Thousandths of a °C, or ABSENT. */
  readonly temp: number;
  /** Thousandths of a %RH, or ABSENT. */
  readonly humidity: number;
  /** Which of several sensors of the lab it is; empty if it did not say. */
  readonly sensor: string;
  /** The metric that was wrong and is left out: the other one is good. */
  readonly badMetric: 'temp' | 'humidity' | undefined;
}

/** What there can be: nothing is colder than absolute zero. Whether a value is plausible is a setting of a source. */
/** What a temperature in °C and a humidity in %RH can be. */
export const LIMITS = { temp: { minimum: -273.15, maximum: 200 }, humidity: { minimum: 0, maximum: 100 } };

const SENSOR_LENGTH_MAX = 50;

const temp = Type.Union([Type.Number(LIMITS.temp), Type.Null()]);
const humidity = Type.Union([Type.Number(LIMITS.humidity), Type.Null()]);

/** The JSON of an observation as a sensor sends it. Unknown fields are ignored: real devices send many. */
export const ObservationPayload = Type.Object({
  timestamp: Type.Optional(
    Type.Union([Type.Number(), Type.String(), Type.Null()], {
      description:
        'when it was measured: Unix seconds or milliseconds, also as a text, or an RFC 3339 text with a zone; absent: time of receipt',
    }),
  ),
  temp: Type.Optional(temp),
  temperature: Type.Optional(temp),
  humidity: Type.Optional(humidity),
  sensor: Type.Optional(Type.Union([Type.String({ maxLength: SENSOR_LENGTH_MAX }), Type.Null()])),
});

export type ObservationPayload = Static<typeof ObservationPayload>;

const payloadCheck = TypeCompiler.Compile(ObservationPayload);

/** How far ahead of the clock a timestamp may be, if nothing else is configured. */
export const FUTURE_MS_MAX = 60_000;

/**
 * The observation that a parsed JSON value is, or the reason why it is none. A metric that is wrong does not take the
 * other one with it.
 */
export function decodeObservation(value: unknown): Observation | RejectionReason {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not_an_object';
  const payload = value as Readonly<Record<string, unknown>>;
  const timestampMs = payload.timestamp == null ? undefined : deviceTimeToMs(payload.timestamp);
  if (timestampMs === undefined && payload.timestamp != null) return 'timestamp';
  const sensor = payload.sensor ?? '';
  const tempValue = payload.temp ?? payload.temperature ?? undefined;
  const { humidity: humidityValue } = payload;
  // All three at once, as almost every payload is good.
  if (payloadCheck.Check(value) && (sensor === '' || (sensor as string).isWellFormed())) {
    if (tempValue === undefined && humidityValue == null) return 'no_value';
    return {
      timestampMs,
      temp: tempValue === undefined ? ABSENT : toThousandths(tempValue as number),
      humidity: humidityValue == null ? ABSENT : toThousandths(humidityValue as number),
      sensor: sensor as string,
      badMetric: undefined,
    };
  }
  return withoutBadMetric(timestampMs, tempValue, humidityValue ?? undefined, sensor);
}

/** What remains of an observation of which something is wrong. */
function withoutBadMetric(
  timestampMs: number | undefined,
  tempValue: unknown,
  humidityValue: unknown,
  sensor: unknown,
): Observation | RejectionReason {
  const isBadTemp = tempValue !== undefined && !isNumber(tempValue, isTemp);
  const isBadHumidity = humidityValue !== undefined && !isNumber(humidityValue, isHumidity);
  if (isBadTemp && (isBadHumidity || humidityValue === undefined)) return 'temp';
  if (isBadHumidity && tempValue === undefined) return 'humidity';
  // A lone surrogate has no UTF-8 form; two such sensors would become one.
  if (typeof sensor !== 'string' || sensor.length > SENSOR_LENGTH_MAX || !sensor.isWellFormed())
    return 'sensor';
  if (tempValue === undefined && humidityValue === undefined) return 'no_value';
  return {
    timestampMs,
    temp: isBadTemp || tempValue === undefined ? ABSENT : toThousandths(tempValue as number),
    humidity: isBadHumidity || humidityValue === undefined ? ABSENT : toThousandths(humidityValue as number),
    sensor,
    badMetric: isBadTemp ? 'temp' : isBadHumidity ? 'humidity' : undefined,
  };
}

function isNumber(value: unknown, isWithin: (value: number) => boolean): boolean {
  return typeof value === 'number' && isWithin(value);
}

/** Why an observation of this time is not taken, if it is not. `oldestMs` is oldestLiveMs at that time. */
export function timeRejection(
  timestampMs: number,
  oldestMs: number,
  receivedMs: number,
  futureMsMax = FUTURE_MS_MAX,
): 'future' | 'expired' | undefined {
  if (timestampMs > receivedMs + futureMsMax) return 'future';
  if (timestampMs < oldestMs) return 'expired';
  return undefined;
}

/** Whether a temperature in °C, or a humidity in %RH, is within the limits of the schema. */
export const isTemp = (value: number) => value >= LIMITS.temp.minimum && value <= LIMITS.temp.maximum;
export const isHumidity = (value: number) =>
  value >= LIMITS.humidity.minimum && value <= LIMITS.humidity.maximum;

const FIXED = {
  temp: { minimum: toThousandths(LIMITS.temp.minimum), maximum: toThousandths(LIMITS.temp.maximum) },
  humidity: {
    minimum: toThousandths(LIMITS.humidity.minimum),
    maximum: toThousandths(LIMITS.humidity.maximum),
  },
};

/** The same of values in thousandths, as a batch has them. */
export const isTempFixed = (value: number) => value >= FIXED.temp.minimum && value <= FIXED.temp.maximum;
export const isHumidityFixed = (value: number) =>
  value >= FIXED.humidity.minimum && value <= FIXED.humidity.maximum;
