import { whole } from '../figures.js';
import { ingestInto, untilCommitted } from '../ingest/ingest-once.js';
import type { IngestLoad } from '../load/ingest-load.js';
import type { PacedLoad, PacedLoadDone } from '../load/paced-load.js';
import { CpuWatch, totalUs } from '../measuring/cpu-watch.js';
import { within } from '../measuring/within.js';
import type { Peer, PeerOptions, RunningPeer } from '../peers/peer.js';
import { withPeer } from '../peers/peers.js';
import type { ProcessGroup } from '../processes/process-group.js';
import type { VisibleProbeDone } from './visible-probe.js';

/** One peer under one rate. */
export interface Level {
  readonly wantedPerS: number;
  readonly load: PacedLoadDone;
  /** Undefined: it has nothing to look into. */
  readonly visible: VisibleProbeDone | undefined;
  /** Cores that the peer used, all processes together. */
  readonly cores: number;
  readonly others: number;
}

export interface LatencyOnce {
  /** Publishes a second under the pipelining load. */
  readonly maximumPerS: number;
  readonly levels: readonly Level[];
}

export interface LevelsWanted {
  readonly maximum: IngestLoad;
  readonly paced: Omit<PacedLoad, 'perS'>;
  readonly probeEveryMs: number;
}

const LEVEL_S_MAX = 300;

/**
 * Starts a peer, measures its maximum, and puts one rate after the other on it: it is warm by then.
 * @param ratesOf the rates, of that maximum
 * @throws if not everything is committed after each.
 */
export function latencyOnce(
  peer: Peer,
  wanted: LevelsWanted,
  ratesOf: (maximumPerS: number) => readonly number[],
  options: PeerOptions,
  progress: (text: string) => void,
): Promise<LatencyOnce> {
  return withPeer(peer, options, async (running, processes) => {
    const maximum = await ingestInto(peer, running, processes, wanted.maximum);
    progress(`${peer.name}: at most ${whole(maximum.publishesPerS)} publishes/s`);
    const levels: Level[] = [];
    let committed = maximum.publishes;
    for (const perS of ratesOf(maximum.publishesPerS)) {
      const load = { ...wanted.paced, perS };
      const level = await within(LEVEL_S_MAX, oneLevel(running, processes, load, wanted.probeEveryMs));
      committed += level.load.published + (level.visible?.published ?? 0);
      await untilCommitted(peer, running, committed, 1);
      progress(
        `${peer.name} at ${whole(perS)}/s: acknowledged p50 ${level.load.acknowledged.p50Ms.toFixed(3)} ms`,
      );
      levels.push(level);
    }
    return { maximumPerS: maximum.publishesPerS, levels };
  });
}

async function oneLevel(
  running: RunningPeer,
  processes: ProcessGroup,
  paced: PacedLoad,
  everyMs: number,
): Promise<Level> {
  const { mqttPort: port, apiPort } = running;
  const load = processes.startChild('paced-load', { ...paced, port });
  const probe =
    apiPort === undefined ? undefined : processes.startChild('visible-probe', { port, apiPort, everyMs });
  await Promise.all([load.hear('ready'), probe?.hear('ready')]);
  const [warm, finished, probed] = [
    load.hear('warm'),
    load.hear<PacedLoadDone>('done'),
    probe?.hear<VisibleProbeDone>('done'),
  ];
  load.tell('go');
  await Promise.race([warm, finished]);
  const watch = new CpuWatch([
    ...running.processes,
    load,
    ...(probe ? [{ name: 'probe', pid: probe.pid }] : []),
  ]);
  probe?.tell('go');
  // Whichever fails first says so.
  const done = await (probed === undefined
    ? finished
    : Promise.race([finished, probed.then(() => finished)]));
  const { byProcess, seconds, others } = watch.stop();
  probe?.tell('stop');
  const visible = await probed;
  for (const child of [load, probe]) child?.process.kill();
  const { load: _load, probe: _probe, ...peers } = byProcess;
  return {
    wantedPerS: paced.perS,
    load: done,
    visible,
    cores: totalUs(peers) / 1e6 / seconds,
    others,
  };
}
