import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { counter, gauge, type Meter } from '@humtemp/bucket-core';

/** How often the event loop is looked at. What is measured includes it. */
const RESOLUTION_MS = 10;

/**
 * What the process costs, under the names that all Prometheus clients give these. Not the whole default set of
 * prom-client: that lists every socket at each scrape.
 */
export function processMeters(): readonly Meter[] {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const startedS = Date.now() / 1000 - process.uptime();
  return [
    counter('process_cpu_seconds_total', 'CPU time of the process, user and system.', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    }),
    gauge('process_resident_memory_bytes', 'Memory of the process that is in RAM.', () =>
      process.memoryUsage.rss(),
    ),
    gauge(
      'nodejs_heap_size_used_bytes',
      'Heap that is in use, or was and is not collected yet.',
      () => getHeapStatistics().used_heap_size,
    ),
    gauge('process_start_time_seconds', 'When the process started, Unix seconds.', () => startedS),
    gauge(
      'nodejs_eventloop_lag_p99_seconds',
      'How late the event loop was, 99th percentile since the last scrape.',
      () => {
        const lateS = Math.max(0, delay.percentile(99) / 1e9 - RESOLUTION_MS / 1000);
        delay.reset();
        return lateS;
      },
    ),
  ];
}
