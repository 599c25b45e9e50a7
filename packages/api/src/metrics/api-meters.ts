import { counter, counterBy, gauge, type Meter } from '@humtemp/bucket-core';
import type { RequestCount } from '../http/request-counts.js';
import type { StreamCounters } from '../stream/live-streams.js';

export interface ApiCounts {
  readonly streams: () => StreamCounters;
  /** Answers since the start. */
  readonly requests: () => Iterable<RequestCount>;
}

/** What the HTTP API counts. */
export function apiMeters({ streams, requests }: ApiCounts): readonly Meter[] {
  return [
    gauge('humtemp_streams', 'Open live streams.', () => streams().open),
    gauge('humtemp_stream_labs', 'Labs that live streams are about.', () => streams().labs),
    counter(
      'humtemp_streams_cut_total',
      'Live streams cut because their client did not read.',
      () => streams().cut,
    ),
    counterBy(
      'humtemp_http_requests_total',
      'Answers of the HTTP API, by route and status.',
      ['route', 'status'],
      () => [...requests()].map(({ route, status, count }) => [{ route, status: String(status) }, count]),
    ),
  ];
}
