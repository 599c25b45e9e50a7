import { openConnection } from '../load/mqtt-connection.js';
import { observationFrame } from '../load/observation-frames.js';
import { type Latencies, LatencyHistogram } from '../measuring/latency-histogram.js';
import { say, told } from '../processes/told.js';

export interface VictimDone extends Latencies {
  readonly published: number;
  /** Still without their PUBACK a while after the last one was sent. */
  readonly unanswered: number;
  /** The broker closed the connection. */
  readonly cut: boolean;
}

const PERIOD_MS = 20;
const LAST_ANSWER_MS_MAX = 10_000;
const PUBACK_BYTES = 4;
const FRAME_IDS = 65_000;

/** One sensor with an observation at QoS 1 every 20 ms. Says "ready"; after "go" it begins, after "stop" it says "done". */
export async function runVictim({ port }: { readonly port: number }): Promise<void> {
  const latencies = new LatencyHistogram();
  const sentMs: number[] = [];
  let answered = 0;
  let bytes = 0;
  let cut = false;
  const socket = await openConnection(port, 'victim', (received) => {
    const nowMs = performance.now();
    bytes += received.length;
    for (const known = Math.floor(bytes / PUBACK_BYTES); answered < known; answered++)
      latencies.record(nowMs - sentMs[answered]!);
  });
  socket.on('close', () => {
    cut = true;
  });
  say('ready');
  await told('go');
  const startMs = performance.now();
  const timer = setInterval(() => {
    // A timer that is late sends what is due: pauses of this process are no pauses of the sensor.
    while (sentMs.length * PERIOD_MS < performance.now() - startMs && !cut) {
      sentMs.push(performance.now());
      const number = sentMs.length;
      socket.write(observationFrame('victim', Date.now(), number, 1, (number % FRAME_IDS) + 1));
    }
  }, PERIOD_MS);
  await told('stop');
  clearInterval(timer);
  const endMs = performance.now() + LAST_ANSWER_MS_MAX;
  while (answered < sentMs.length && performance.now() < endMs && !cut)
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
  const nowMs = performance.now();
  // What never came took at least as long as it was waited for.
  for (let i = answered; i < sentMs.length; i++) latencies.record(nowMs - sentMs[i]!);
  say('done', {
    ...latencies.summary(),
    published: sentMs.length,
    unanswered: sentMs.length - answered,
    cut,
  } satisfies VictimDone);
}
