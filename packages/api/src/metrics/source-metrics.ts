import type { SourceTally } from '@humtemp/intake';
import { Counter, type Registry } from 'prom-client';

export interface SourceMetricsSources {
  /** What became of the publishes of each source, by its name. */
  readonly tallies?: (() => ReadonlyMap<string, SourceTally>) | undefined;
  /** Publishes on topics of no source. */
  readonly unmatched?: (() => number) | undefined;
}

type Add = (labels: Record<string, string>, count: number) => void;

/** What became of publishes, by source. */
export function sourceMetrics(registry: Registry, { tallies, unmatched }: SourceMetricsSources): void {
  const bySource = (
    name: string,
    help: string,
    labels: readonly string[],
    each: (tally: SourceTally, add: Add) => void,
  ) =>
    new Counter({
      name,
      help,
      labelNames: ['source', ...labels],
      registers: [registry],
      collect() {
        this.reset();
        for (const [source, tally] of tallies?.() ?? [])
          each(tally, (more, count) => this.inc({ source, ...more }, count));
      },
    });
  bySource('humtemp_source_publishes_total', 'Publishes of a source.', [], (tally, add) =>
    add({}, tally.publishes),
  );
  bySource('humtemp_source_observations_total', 'Observations of a source.', [], (tally, add) =>
    add({}, tally.observations.count),
  );
  bySource(
    'humtemp_source_ignored_total',
    'Publishes that a source knows and does not want.',
    [],
    (tally, add) => add({}, tally.ignored.count),
  );
  bySource(
    'humtemp_source_rejected_total',
    'What a source gave and was no observation, by reason.',
    ['reason'],
    (tally, add) => {
      for (const [reason, { count }] of tally.rejected) add({ reason }, count);
    },
  );
  bySource(
    'humtemp_source_metrics_rejected_total',
    'Metrics that were wrong in observations that count without them.',
    ['metric'],
    (tally, add) => {
      for (const [metric, { count }] of tally.metricsRejected) add({ metric }, count);
    },
  );
  new Counter({
    name: 'humtemp_publishes_unmatched_total',
    help: 'Publishes on topics of no source.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(unmatched?.() ?? 0);
    },
  });
}
