import { type Latencies, LatencyHistogram } from '../measuring/latency-histogram.js';
import { say, told } from '../processes/told.js';
import { beatClockMs, Metronome } from './metronome.js';
import { openConnections } from './mqtt-connection.js';
import { PacedConnection } from './paced-connection.js';
import { pacedFrames } from './paced-frames.js';

export interface PacedLoad {
  readonly connections: number;
  readonly labs: number;
  /** Publishes a second, of all connections together. */
  readonly perS: number;
  /** Published as all others, and not measured. */
  readonly warmUpS: number;
  readonly durationS: number;
}

export interface PacedLoadDone {
  readonly published: number;
  /** Measured publishes by the time until the last of them was acknowledged. */
  readonly perS: number;
  /** From the moment at which a publish was due until its acknowledgement was read. */
  readonly acknowledged: Latencies;
  /** From the moment at which a publish was due until the load had written it: what of the above is the load's own. */
  readonly late: Latencies;
}

const ACKNOWLEDGED_MS_MAX = 60_000;

/**
 * Publishes at a fixed rate, whatever becomes of it: in each millisecond a thousandth of a second's publishes is due, over the
 * connections in turn. Says "ready", after "go" "warm" when it begins to measure, and "done" after the last PUBACK.
 */
export async function runPacedLoad({ port, ...load }: PacedLoad & { readonly port: number }): Promise<void> {
  const [acknowledged, late] = [new LatencyHistogram(), new LatencyHistogram()];
  const connections = await open(port, load, acknowledged, late);
  say('ready');
  await told('go');
  const total = publishesOf(load);
  const endMs = await pace(connections, load, late);
  const measured = total - Math.floor(load.warmUpS * load.perS);
  say('done', {
    published: total,
    perS: measured / ((endMs - load.warmUpS * 1000) / 1000),
    acknowledged: acknowledged.summary(),
    late: late.summary(),
  } satisfies PacedLoadDone);
  for (const connection of connections) connection.close();
}

function publishesOf({ perS, warmUpS, durationS }: PacedLoad): number {
  return Math.floor(perS * (warmUpS + durationS));
}

function open(
  port: number,
  load: PacedLoad,
  acknowledged: LatencyHistogram,
  late: LatencyHistogram,
): Promise<PacedConnection[]> {
  const each = Math.ceil(publishesOf(load) / load.connections);
  const labsEach = Math.ceil(load.labs / load.connections);
  const nowMs = Date.now();
  return openConnections(load.connections, (index) => {
    const labs = Array.from(
      { length: labsEach },
      (_, i) => `lab-${String(index * labsEach + i).padStart(6, '0')}`,
    );
    return PacedConnection.open({
      port,
      clientId: `paced-${index}`,
      frames: pacedFrames(labs, each, nowMs),
      acknowledged,
      late,
      onFailure: ({ message }) => say('failed', message),
    });
  });
}

/** Resolves when all is acknowledged, with the milliseconds since the start. */
async function pace(
  connections: readonly PacedConnection[],
  load: PacedLoad,
  late: LatencyHistogram,
): Promise<number> {
  const total = publishesOf(load);
  const startMs = Math.ceil(beatClockMs()) + 5;
  let [beats, due, isWarm] = [0, 0, false];
  const metronome = new Metronome(() => {
    const nowMs = beatClockMs();
    const [firstDue, firstBeat] = [due, beats];
    for (; startMs + beats <= nowMs && due < total; beats++) {
      const next = Math.min(total, Math.floor(((beats + 1) * load.perS) / 1000));
      addDue(connections, due, next, startMs + beats, beats >= load.warmUpS * 1000);
      due = next;
    }
    if (due === firstDue) return;
    for (const connection of connections) connection.write();
    if (!isWarm && beats >= load.warmUpS * 1000) {
      isWarm = true;
      say('warm');
    }
    if (isWarm) late.record(beatClockMs() - (startMs + firstBeat), due - firstDue);
  });
  const deadlineMs = startMs + (load.warmUpS + load.durationS) * 1000 + ACKNOWLEDGED_MS_MAX;
  const acknowledged = () => connections.reduce((sum, connection) => sum + connection.acknowledged, 0);
  while (acknowledged() < total) {
    if (beatClockMs() > deadlineMs) throw new Error(`${acknowledged()} of ${total} publishes acknowledged`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const endMs = beatClockMs() - startMs;
  await metronome.stop();
  return endMs;
}

/** Publishes [from, to) of all are due; number n is one of connection n modulo their number. */
function addDue(
  connections: readonly PacedConnection[],
  from: number,
  to: number,
  atMs: number,
  isMeasured: boolean,
): void {
  const count = connections.length;
  connections.forEach((connection, index) => {
    const before = Math.floor((from + count - 1 - index) / count);
    const after = Math.floor((to + count - 1 - index) / count);
    connection.add(after - before, atMs, isMeasured);
  });
}
