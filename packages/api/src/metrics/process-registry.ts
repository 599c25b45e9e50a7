import type { Meter, Store } from '@humtemp/bucket-core';
import { type Intake, intakeMeters } from '@humtemp/intake';
import { type Metric, Registry } from 'prom-client';
import { processMeters } from './process-meters.js';
import { storeMeters } from './store-meters.js';

export interface ProcessRegistryOptions {
  readonly intake: Intake;
  readonly store: Pick<Store, 'ping' | 'figures'>;
  /**
   * Whether observations come to this process other than by an occasional POST. Where not, what it received is shown
   * once it did receive something: its 0 would be taken for that of the others.
   */
  readonly receives: boolean;
  /** What else this process counts. */
  readonly meters: readonly Meter[];
}

export interface ProcessRegistry {
  readonly contentType: string;
  /** Every metric of this process, in the text format of Prometheus. */
  text(): Promise<string>;
}

/** What one process knows of itself. */
export function processRegistry({
  intake,
  store,
  receives,
  meters,
}: ProcessRegistryOptions): ProcessRegistry {
  const own = registryOf(intakeMeters(intake));
  const general = registryOf([...storeMeters(store), ...meters, ...processMeters()]);
  return {
    contentType: general.contentType,
    async text() {
      const isShown = receives || intake.ledger.counters().received > 0;
      return `${isShown ? await own.metrics() : ''}${await general.metrics()}`;
    },
  };
}

/** prom-client's own metrics count by themselves; these are read when they are asked for. */
function registryOf(meters: readonly Meter[]): Registry {
  const registry = new Registry();
  for (const { name, help, kind, samples } of meters) {
    const get = async () => ({
      name,
      help,
      type: kind,
      aggregator: 'sum',
      values: (await samples()).map(({ labels, value, suffix = '' }) => ({
        metricName: name + suffix,
        labels,
        value,
      })),
    });
    registry.registerMetric({ name, help, type: kind, get } as unknown as Metric);
  }
  return registry;
}
