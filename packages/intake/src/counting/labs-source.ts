import {
  ABSENT,
  decodeObservation,
  deviceTimeToMs,
  isHumidity,
  isLabId,
  isTemp,
  type RejectionReason,
  toThousandths,
} from '@humtemp/bucket-core';
import type { ObservationSink, Publish, PublishSource } from '../topics/publish-source.js';
import type { TopicFilters } from '../topics/topic-filters.js';
import { CanonicalPayload } from './canonical-payload.js';
import type { PayloadSlice } from './payload-slice.js';

/**
 * Our own format: one JSON object, or an array of them, of the lab that the topic names. Read straight from
 * the bytes where it is written as almost all are.
 */
export class LabsSource implements PublishSource {
  readonly name = 'labs';
  readonly #canonical = new CanonicalPayload();

  constructor(readonly topics: TopicFilters) {}

  get filters(): readonly string[] {
    return this.topics.filters;
  }

  /** The lab id that the topic gives, valid or not. */
  match(topic: string): string | undefined {
    return this.topics.labOf(topic);
  }

  labOf(match: unknown): string {
    return match as string;
  }

  decode(match: unknown, publish: Publish, into: ObservationSink): void {
    decodeLabPayload(this.#canonical, match as string, publish, into);
  }
}

/** Reads a payload of our own format. @param lab the lab that it is for. */
export function decodeLabPayload(
  canonical: CanonicalPayload,
  lab: string,
  publish: Publish,
  into: ObservationSink,
): void {
  const { payload } = publish;
  if (takeCanonical(canonical, lab, payload, into)) return;
  if (!isLabId(lab)) {
    into.reject('lab_id');
    return;
  }
  const isUtf8 = payload.isUtf8;
  let value: unknown;
  try {
    value = JSON.parse(payload.toString());
  } catch {
    into.reject(isUtf8 ? 'not_json' : 'not_utf8');
    return;
  }
  if (!Array.isArray(value)) take(lab, value, isUtf8, publish, into);
  else if (value.length === 0) into.reject('array_empty');
  else if (value.length > into.arrayLengthMax) into.reject('array_too_long');
  else for (const element of value) take(lab, element, isUtf8, publish, into);
}

/**
 * Takes an observation that is written as almost all are. False: it needs the general way, for good or ill.
 */
function takeCanonical(
  canonical: CanonicalPayload,
  lab: string,
  { bytes, start, end }: PayloadSlice,
  into: ObservationSink,
): boolean {
  if (!canonical.read(bytes, start, end)) return false;
  const { timestamp, temp, humidity, sensor } = canonical;
  const hasTemp = !Number.isNaN(temp);
  const hasHumidity = !Number.isNaN(humidity);
  if (!hasTemp && !hasHumidity) return false;
  if ((hasTemp && !isTemp(temp)) || (hasHumidity && !isHumidity(humidity))) return false;
  const isTimed = !Number.isNaN(timestamp);
  const timestampMs = isTimed ? deviceTimeToMs(timestamp) : undefined;
  if (isTimed && timestampMs === undefined) return false;
  into.observation(
    lab,
    timestampMs,
    hasTemp ? toThousandths(temp) : ABSENT,
    hasHumidity ? toThousandths(humidity) : ABSENT,
    sensor,
  );
  return true;
}

/** Takes one observation, or says why it is none. */
function take(lab: string, value: unknown, isUtf8: boolean, publish: Publish, into: ObservationSink): void {
  const observation = decodeObservation(value);
  if (typeof observation === 'string') {
    into.reject(observation);
    return;
  }
  const problem = problemBeside(lab, value as Readonly<Record<string, unknown>>, isUtf8);
  const { timestampMs, temp, humidity, sensor, badMetric } = observation;
  if (problem !== undefined) into.reject(problem);
  else if (badMetric !== undefined && publish.mustBeWhole) into.reject(badMetric);
  else if (into.observation(lab, timestampMs, temp, humidity, sensor) && badMetric !== undefined)
    into.rejectMetric(badMetric);
}

/** What is wrong with an observation that is good for itself. */
function problemBeside(
  lab: string,
  { lab_id: named, sensor }: Readonly<Record<string, unknown>>,
  isUtf8: boolean,
): RejectionReason | undefined {
  if (named !== undefined && named !== lab) return 'lab_id_mismatch';
  // Bytes that are no UTF-8 became U+FFFD. That is harmless in what nobody reads.
  if (!isUtf8 && typeof sensor === 'string' && sensor.includes('\ufffd')) return 'not_utf8';
  return undefined;
}
