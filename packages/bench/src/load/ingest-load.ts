import { performance } from 'node:perf_hooks';
import { say, told } from '../processes/told.js';
import { openConnections } from './mqtt-connection.js';
import { observationFrames } from './observation-frames.js';
import { Publisher } from './publisher.js';

export interface IngestLoad {
  readonly connections: number;
  /** Publishes that each connection has in flight. */
  readonly window: number;
  /** Publishes written at once; divides the window. */
  readonly perChunk: number;
  readonly labs: number;
  /** Observations in all; rounded up so that each connection has the same number of whole chunks. */
  readonly observations: number;
  readonly qos: 0 | 1;
}

export interface IngestLoadDone {
  /** Unix time */
  readonly startedMs: number;
  /** Until the last acknowledgement. */
  readonly seconds: number;
  /** Share of that time in which the load was not waiting; near 1 it was the limit. */
  readonly busy: number;
}

/** The load in a process of its own: says "ready" with the number of publishes, and after "go" "done". */
export async function runIngestLoad({
  port,
  ...load
}: IngestLoad & { readonly port: number }): Promise<void> {
  const { connections, window, perChunk, labs, qos } = load;
  const chunksEach = Math.ceil(load.observations / connections / perChunk);
  const labsEach = Math.max(1, Math.floor(labs / connections));
  const nowMs = Date.now();
  const frames = Array.from({ length: connections }, (_, connection) =>
    observationFrames({
      labs: Array.from({ length: labsEach }, (_, i) => `lab-${connection * labsEach + i}`),
      count: chunksEach * perChunk,
      perChunk,
      qos,
      nowMs,
    }),
  );
  const publishers = await openConnections(connections, (index) =>
    Publisher.open({ port, clientId: `bench-${index}`, qos, window, perChunk, chunks: frames[index]! }),
  );
  say('ready', connections * chunksEach * perChunk);
  await told('go');
  const [startedMs, startMs] = [Date.now(), performance.now()];
  const before = performance.eventLoopUtilization();
  await Promise.all(publishers.map((publisher) => publisher.run()));
  say('done', {
    startedMs,
    seconds: (performance.now() - startMs) / 1000,
    busy: performance.eventLoopUtilization(before).utilization,
  } satisfies IngestLoadDone);
}
