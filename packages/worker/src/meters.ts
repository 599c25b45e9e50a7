import { counterBy, gaugeBy, type Meter } from '@humtemp/bucket-core';
import type { BrokerState, Workers } from './workers.js';

/** The workers of this process, each by its broker. */
export function workerMeters(workers: Pick<Workers, 'brokers'>): readonly Meter[] {
  const by = (make: typeof gaugeBy, name: string, help: string, value: (of: BrokerState) => number) =>
    make(name, help, ['broker'], () => workers.brokers.map((of) => [{ broker: of.broker }, value(of)]));
  return [
    by(
      gaugeBy,
      'humtemp_worker_ready',
      'Whether the worker gets its share from the external broker: 1 or 0.',
      (of) => (of.isServing ? 1 : 0),
    ),
    by(
      gaugeBy,
      'humtemp_worker_unacknowledged',
      'Publishes that the worker took and has not acknowledged.',
      (of) => of.unacknowledged,
    ),
    by(
      counterBy,
      'humtemp_worker_connections_total',
      'Connections to an external broker that came to serve.',
      (of) => of.connections,
    ),
    by(
      counterBy,
      'humtemp_worker_sessions_lost_total',
      'Connections at which an external broker had lost our session, and what waited in it.',
      (of) => of.sessionsLost,
    ),
    by(
      counterBy,
      'humtemp_worker_dropped_total',
      'Publishes that an external broker says it dropped, ours or of others.',
      (of) => of.dropped,
    ),
  ];
}
