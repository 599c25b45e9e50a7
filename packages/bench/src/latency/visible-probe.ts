import { Agent, get } from 'node:http';
import { openConnection } from '../load/mqtt-connection.js';
import { observationFrame } from '../load/observation-frames.js';
import { type Latencies, LatencyHistogram } from '../measuring/latency-histogram.js';
import { say, told } from '../processes/told.js';

export interface VisibleProbe {
  readonly port: number;
  readonly apiPort: number;
  /** From one publish to the next, unless the first takes longer to be visible: one at a time. */
  readonly everyMs: number;
}

export interface VisibleProbeDone {
  readonly published: number;
  /** From writing a publish until an answer of the API that shows its observation was read. */
  readonly visible: Latencies;
  /** From writing it until its PUBACK was read. */
  readonly acknowledged: Latencies;
}

const LAB = 'visible-probe';
const VISIBLE_MS_MAX = 30_000;

/**
 * Publishes an observation every so often, and asks the API for its lab, again and again, until it is the latest one
 * there. Says "ready", goes on from "go" to "stop", and says "done".
 */
export async function runVisibleProbe({ port, apiPort, everyMs }: VisibleProbe): Promise<void> {
  const [visible, acknowledged] = [new LatencyHistogram(), new LatencyHistogram()];
  let startMs = 0;
  const socket = await openConnection(port, LAB, () => acknowledged.record(performance.now() - startMs));
  socket.on('close', () => say('failed', `${LAB}: closed too early`));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  say('ready');
  await told('go');
  let stopped = false;
  void told('stop').then(() => {
    stopped = true;
  });
  let published = 0;
  while (!stopped) {
    startMs = performance.now();
    const measuredMs = Date.now();
    socket.write(observationFrame(LAB, measuredMs, published, 1, (published % 65_000) + 1));
    published += 1;
    while ((await newestMs(agent, apiPort)) < measuredMs) {
      if (performance.now() - startMs > VISIBLE_MS_MAX)
        throw new Error(`not visible after ${VISIBLE_MS_MAX / 1000} s`);
    }
    const tookMs = performance.now() - startMs;
    visible.record(tookMs);
    await new Promise((resolve) => setTimeout(resolve, Math.max(1, everyMs - tookMs)));
  }
  say('done', {
    published,
    visible: visible.summary(),
    acknowledged: acknowledged.summary(),
  } satisfies VisibleProbeDone);
}

/** Timestamp of the lab's latest observation as the API knows it; 0 if there is none. */
function newestMs(agent: Agent, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get({ agent, port, host: '127.0.0.1', path: `/labs/${LAB}` }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 404) resolve(0);
        else if (response.statusCode !== 200)
          reject(new Error(`the API answered ${response.statusCode}: ${body}`));
        else resolve(Date.parse((JSON.parse(body) as { latest: { timestamp: string } }).latest.timestamp));
      });
    });
    request.on('error', reject);
  });
}
