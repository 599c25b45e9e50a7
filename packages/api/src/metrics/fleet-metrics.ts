import { REJECTION_REASONS } from '@humtemp/bucket-core';
import { Counter, Gauge, Registry } from 'prom-client';
import type { FleetMember } from '../ledger/fleet.js';

/**
 * The ledgers of all processes that share the store, each with its name, so that a rate of them stays right when
 * processes come and go. Where several API processes are scraped each has them all: take `max by (process)` first.
 * @returns what gives them as they are now, in the text format of Prometheus.
 */
export function fleetMetrics(members: () => Promise<readonly FleetMember[]>): () => Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ['process', 'role'];
  const counters = (['received', 'committed', 'duplicate'] as const).map((fate) => ({
    fate,
    counter: new Counter({
      name: `humtemp_fleet_observations_${fate}_total`,
      help: `Observations ${fate === 'duplicate' ? 'that were counted before' : fate}, by each process that shares the store.`,
      labelNames,
      registers,
    }),
  }));
  const rejected = new Counter({
    name: 'humtemp_fleet_observations_rejected_total',
    help: 'What was received and is no observation, by each process that shares the store.',
    labelNames: [...labelNames, 'reason'],
    registers,
  });
  const inFlight = new Gauge({
    name: 'humtemp_fleet_observations_in_flight',
    help: 'Observations that await their commit, in each process that shares the store.',
    labelNames,
    registers,
  });
  const up = new Gauge({
    name: 'humtemp_fleet_up',
    help: 'Whether a process that shares the store has reported of late: 1 or 0.',
    labelNames,
    registers,
  });
  return async () => {
    const fleet = await members();
    registry.resetMetrics();
    for (const { alias: process, role, isGone, counters: of } of fleet) {
      for (const { fate, counter } of counters) counter.inc({ process, role }, of[fate]);
      // Each from 0 on: what a counter shows first, Prometheus does not count as an increase.
      for (const reason of REJECTION_REASONS)
        rejected.inc({ process, role, reason }, of.rejected[reason] ?? 0);
      inFlight.set({ process, role }, of.in_flight);
      up.set({ process, role }, isGone ? 0 : 1);
    }
    return registry.metrics();
  };
}
