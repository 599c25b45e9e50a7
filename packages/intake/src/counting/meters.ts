import {
  counter,
  counterBy,
  gauge,
  histogram,
  imbalance,
  type Meter,
  REJECTION_REASONS,
} from '@humtemp/bucket-core';
import type { Intake } from './intake.js';
import type { SourceTally } from './source-tally.js';

/** The fate of every observation that this process received, its commits, and what each source gave. */
export function intakeMeters(intake: Intake): readonly Meter[] {
  const ledger = () => intake.ledger.counters();
  return [
    counter('humtemp_observations_received_total', 'Observations received.', () => ledger().received),
    counter(
      'humtemp_observations_committed_total',
      'Observations counted in their buckets.',
      () => ledger().committed,
    ),
    counter(
      'humtemp_observations_duplicate_total',
      'Observations that were counted before.',
      () => ledger().duplicate,
    ),
    counterBy(
      'humtemp_observations_rejected_total',
      'What was received and is no observation, by reason.',
      ['reason'],
      () => {
        const { rejected } = ledger();
        return REJECTION_REASONS.map((reason) => [{ reason }, rejected[reason] ?? 0]);
      },
    ),
    gauge(
      'humtemp_observations_in_flight',
      'Observations that await their commit.',
      () => ledger().in_flight,
    ),
    gauge('humtemp_ledger_imbalance', 'Received less every fate and those in flight: 0.', () =>
      imbalance(ledger()),
    ),
    counter('humtemp_commits_total', 'Commits that succeeded.', () => intake.commits.succeeded),
    counter(
      'humtemp_commit_failures_total',
      'Commits that failed and were tried again.',
      () => intake.commits.failed,
    ),
    histogram(
      'humtemp_commit_duration_seconds',
      'How long each commit took, those that failed included.',
      () => intake.commits.seconds,
    ),
    histogram(
      'humtemp_commit_observations',
      'How many observations each commit had that succeeded.',
      () => intake.commits.observations,
    ),
    gauge(
      'humtemp_oldest_uncommitted_seconds',
      'How long the oldest observation that awaits its commit has waited; 0: none does.',
      () => Math.max(0, intake.nowMs - (intake.oldestUncommittedMs ?? intake.nowMs)) / 1000,
    ),
    gauge(
      'humtemp_lag_seconds',
      'How old the newest observation of the last commit was then; 0 after a minute without one.',
      () => intake.lagMs / 1000,
    ),
    ...sourceMeters(intake),
  ];
}

function sourceMeters(intake: Intake): readonly Meter[] {
  const bySource = (name: string, help: string, count: (tally: SourceTally) => number) =>
    counterBy(name, help, ['source'], () =>
      [...intake.tallies].map(([source, tally]) => [{ source }, count(tally)]),
    );
  const byLine = (
    name: string,
    help: string,
    label: string,
    lines: (tally: SourceTally) => ReadonlyMap<string, { readonly count: number }>,
  ) =>
    counterBy(name, help, ['source', label], () =>
      [...intake.tallies].flatMap(([source, tally]) =>
        [...lines(tally)].map(([value, { count }]) => [{ source, [label]: value }, count] as const),
      ),
    );
  return [
    bySource('humtemp_source_publishes_total', 'Publishes of a source.', (tally) => tally.publishes),
    bySource(
      'humtemp_source_observations_total',
      'Observations of a source.',
      (tally) => tally.observations.count,
    ),
    bySource(
      'humtemp_source_ignored_total',
      'Publishes that a source knows and does not want.',
      (tally) => tally.ignored.count,
    ),
    byLine(
      'humtemp_source_rejected_total',
      'What a source gave and was no observation, by reason.',
      'reason',
      (tally) => tally.rejected,
    ),
    byLine(
      'humtemp_source_metrics_rejected_total',
      'Metrics that were wrong in observations that count without them.',
      'metric',
      (tally) => tally.metricsRejected,
    ),
    counter(
      'humtemp_publishes_unmatched_total',
      'Publishes on topics of no source.',
      () => intake.unmatched.publishes,
    ),
  ];
}
