import type { BucketReport, MetricReport, StoreReport } from './store-report.js';

/** A store report, readable. */
export function storeText(report: StoreReport): string {
  const { files, newest, ledgers, counted, rejections, faults } = report;
  const kept = report.resolutions.map(({ durationS, retention }) => `${durationS} s × ${retention}`);
  const lines = [
    line('store', report.store),
    line('buckets', kept.join(', ')),
    line('remembers', `identities for ${report.deduplicationHorizonS} s`),
    ...(files === undefined
      ? []
      : [line('files', `${files.tables} tables with ${files.tableBytes} bytes, ${files.journals} journals`)]),
    line('labs', `${report.labs}`),
    ...newest.map((bucket) => line('lab', bucketText(bucket))),
    ...ledgers.map(({ process, role, reportedMs, counters }) => {
      const rejected = Object.values(counters.rejected).reduce((sum, count) => sum + count, 0);
      return line(
        'ledger',
        `${role} ${process} at ${timeText(reportedMs)}: received ${counters.received}, committed ` +
          `${counters.committed}, duplicate ${counters.duplicate}, rejected ${rejected}, in flight ${counters.in_flight}`,
      );
    }),
    ...counted.map(({ process, committed, duplicate }) =>
      line('store counts', `${process}: committed ${committed}, duplicate ${duplicate}`),
    ),
    ...rejections.map(({ atMs, reason, source }) =>
      line('rejected', `${timeText(atMs)} ${reason} ${source}`),
    ),
    ...faults.map(({ atMs, key, reason }) => line('UNREADABLE', `${timeText(atMs)} ${key}: ${reason}`)),
  ];
  return lines.join('');
}

function line(name: string, text: string): string {
  return `${name.padEnd(13)} ${text}\n`;
}

function bucketText({ lab, start, observations, last, temp, humidity }: BucketReport): string {
  const metrics = [metricText(temp, '°C'), metricText(humidity, '%RH')].filter((text) => text !== '');
  return `${lab}: bucket of ${start}, ${observations} observations, ${metrics.join('; ')}; last ${last}`;
}

function metricText(metric: MetricReport | null, unit: string): string {
  if (metric === null) return '';
  const { avg, min, max, last } = metric;
  const rounded = Math.round((avg ?? 0) * 1000) / 1000;
  return `${rounded} ${unit} on average, ${min} to ${max}, last ${last}`;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
