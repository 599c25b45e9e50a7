import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { Counter, Gauge, type Registry } from 'prom-client';

/** How often the event loop is looked at. What is measured includes it. */
const RESOLUTION_MS = 10;

/**
 * What the process costs, under the names that all Prometheus clients give these. Not the whole default set of
 * prom-client: that lists every socket at each scrape.
 */
export function processMetrics(registry: Registry): void {
  const registers = [registry];
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const startedS = Date.now() / 1000 - process.uptime();

  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process, user and system.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of the process that is in RAM.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'nodejs_heap_size_used_bytes',
    help: 'Heap that is in use, or was and is not collected yet.',
    registers,
    collect() {
      this.set(getHeapStatistics().used_heap_size);
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, Unix seconds.',
    registers,
  }).set(startedS);
  new Gauge({
    name: 'nodejs_eventloop_lag_p99_seconds',
    help: 'How late the event loop was, 99th percentile since the last scrape.',
    registers,
    collect() {
      this.set(Math.max(0, delay.percentile(99) / 1e9 - RESOLUTION_MS / 1000));
      delay.reset();
    },
  });
}
