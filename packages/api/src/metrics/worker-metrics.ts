import { Counter, Gauge, type Registry } from 'prom-client';

/** The worker at one external broker. */
export interface WorkerState {
  /** Host and port: a label. */
  readonly broker: string;
  readonly isServing: boolean;
  readonly unacknowledged: number;
  /** Since the start, as the next two. */
  readonly connections: number;
  readonly sessionsLost: number;
  readonly dropped: number;
}

/** The workers of this process, each by its broker. */
export function workerMetrics(registry: Registry, workers: () => readonly WorkerState[]): void {
  const registers = [registry];
  const labelNames = ['broker'];
  const gauge = (name: string, help: string, value: (of: WorkerState) => number) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        for (const of of workers()) this.set({ broker: of.broker }, value(of));
      },
    });
  const counter = (name: string, help: string, value: (of: WorkerState) => number) =>
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const of of workers()) this.inc({ broker: of.broker }, value(of));
      },
    });
  gauge(
    'humtemp_worker_ready',
    'Whether the worker gets its share from the external broker: 1 or 0.',
    (of) => (of.isServing ? 1 : 0),
  );
  gauge(
    'humtemp_worker_unacknowledged',
    'Publishes that the worker took and has not acknowledged.',
    (of) => of.unacknowledged,
  );
  counter(
    'humtemp_worker_connections_total',
    'Connections to an external broker that came to serve.',
    (of) => of.connections,
  );
  counter(
    'humtemp_worker_sessions_lost_total',
    'Connections at which an external broker had lost our session, and what waited in it.',
    (of) => of.sessionsLost,
  );
  counter(
    'humtemp_worker_dropped_total',
    'Publishes that an external broker says it dropped, ours or of others.',
    (of) => of.dropped,
  );
}
