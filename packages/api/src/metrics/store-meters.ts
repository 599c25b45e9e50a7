import { counter, gauge, type Meter, type Store } from '@humtemp/bucket-core';
import { within } from '../http/deadline.js';

/** A scrape has about 10 s. */
const PING_MS_MAX = 2000;

/** Whether the store takes commits, and what it says of itself. */
export function storeMeters(store: Pick<Store, 'ping' | 'figures'>): readonly Meter[] {
  const figures = () => store.figures?.() ?? {};
  return [
    gauge('humtemp_store_up', 'Whether the store can take a commit: 1 or 0.', () =>
      within(PING_MS_MAX, store.ping()).then(
        () => 1,
        () => 0,
      ),
    ),
    gauge(
      'humtemp_store_journal_bytes',
      'Journal of the embedded store that a start would replay.',
      () => figures().journalBytes,
    ),
    gauge('humtemp_store_table_bytes', 'Tables of the embedded store.', () => figures().tableBytes),
    counter(
      'humtemp_store_connections_total',
      'Connections to a Redis that came to take commits.',
      () => figures().connections,
    ),
  ];
}
