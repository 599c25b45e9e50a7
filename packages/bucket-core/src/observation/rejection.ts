/** Why a publish, or one element of its array, is not an observation. Each is a counter of the ledger. */
export const REJECTION_REASONS = [
  'payload_too_large',
  'not_utf8',
  'not_json',
  'malformed',
  'not_an_object',
  'array_too_long',
  'array_empty',
  'lab_id',
  'lab_id_mismatch',
  'no_value',
  'temp',
  'humidity',
  'sensor',
  'timestamp',
  'expired',
  'future',
  'retained',
  'too_many_labs',
  'not_authorized',
] as const;

export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** One rejection as an operator reads it, to find and fix its cause. */
export interface Rejection {
  /** When it was rejected, Unix milliseconds. */
  readonly atMs: number;
  readonly reason: RejectionReason;
  /** The MQTT topic, or the HTTP route, it came in by. */
  readonly source: string;
  /** The first bytes of the payload, as text. */
  readonly excerpt: string;
}

/** What a reason means and what to do about it, for logs, the API and the documentation. */
export const REJECTION_ADVICE: Readonly<Record<RejectionReason, string>> = {
  payload_too_large: 'the payload is longer than HUMTEMP_PAYLOAD_BYTES_MAX',
  not_utf8: 'the payload is not valid UTF-8',
  not_json: 'the payload is not one JSON document',
  malformed: 'the bytes are not what their source expects, such as SenML, Sparkplug or a bare number',
  not_an_object: 'an observation is a JSON object',
  array_too_long: 'the array has more elements than HUMTEMP_ARRAY_LENGTH_MAX',
  array_empty: 'the array has no element',
  lab_id: 'a lab id is 1 to 200 characters of A-Z a-z 0-9 / _ - . and neither . nor ..',
  lab_id_mismatch: 'the lab_id of the payload is not the one of the topic',
  no_value: 'neither temp (or temperature) nor humidity is given',
  temp: 'temp is a number of °C from -273.15 to 200',
  humidity: 'humidity is a number of %RH from 0 to 100',
  sensor: 'sensor is a text of at most 50 characters',
  timestamp: 'timestamp is in Unix seconds or milliseconds, or an RFC 3339 text with a zone',
  expired: "the timestamp is older than every resolution's retention",
  future: 'the timestamp is further ahead of the clock than HUMTEMP_FUTURE_MAX allows',
  retained: 'a publish that the broker delivers again needs a timestamp, or each connection would count it',
  too_many_labs: 'a new lab beyond HUMTEMP_LABS_MAX',
  not_authorized:
    'the access rules of the embedded broker do not let this client publish on this topic, or on that of the lab that its payload names',
};
