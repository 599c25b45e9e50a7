import { median, mib } from '../figures.js';
import { type Memory, memory, openFiles } from '../measuring/process-figures.js';
import { within } from '../measuring/within.js';
import type { Peer, PeerOptions } from '../peers/peer.js';
import { withPeer } from '../peers/peers.js';
import type { ChurnLoad, ChurnLoadDone } from './churn-load.js';

/** One round of one peer. */
export interface Churned {
  readonly first: Memory;
  /** Median of the second quarter of the time: the process is warm by then. */
  readonly secondQuarter: Memory;
  /** Median of the last quarter. */
  readonly lastQuarter: Memory;
  readonly last: Memory;
  /** lastQuarter − secondQuarter: single moments of a collected heap say little. */
  readonly growth: Memory;
  readonly handles: { readonly before: number; readonly most: number; readonly after: number };
  readonly published: number;
  /** Undefined: it stores nothing. */
  readonly committed: number | undefined;
  readonly samples: readonly Sample[];
}

interface Sample extends Memory {
  readonly handles: number;
}

const SAMPLE_MS = 1000;
/** A line of progress every so many samples. */
const PROGRESS_SAMPLES = 10;
const QUIET_MS = 1000;
const HANDLES_BACK_MS_MAX = 60_000;
/** Beyond its duration: for a load that is held up. */
const EXTRA_S_MAX = 120;

/** @throws if not all that was acknowledged is committed, or if handles stay open. */
export function churnOnce(
  peer: Peer,
  load: ChurnLoad,
  options: PeerOptions,
  progress: (text: string) => void,
): Promise<Churned> {
  return withPeer(peer, options, async (running, processes) => {
    const { pid } = running.processes[0]!;
    const look = (): Sample => ({ ...memory(pid), handles: openFiles(pid) });
    const child = processes.startChild('churn-load', { ...load, port: running.mqttPort });
    const warmUp = await within(EXTRA_S_MAX, child.hear<number>('ready'));
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const samples = [look()];
    const base = samples[0]!.handles;
    let finished = false;
    const done = child.hear<ChurnLoadDone>('done').finally(() => {
      finished = true;
    });
    child.tell('go');
    const sample = async () => {
      while (!finished) {
        await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
        const now = look();
        samples.push(now);
        if (samples.length % PROGRESS_SAMPLES === 0)
          progress(`${samples.length} s: RSS ${mib(now.rssBytes)} MiB, ${now.handles} handles`);
      }
    };
    const [{ published: publishedSince }] = await within(
      load.durationS + EXTRA_S_MAX,
      Promise.all([done, sample()]),
    );
    const published = warmUp + publishedSince;
    const committed = await running.committed?.();
    if (committed !== undefined && committed !== published)
      throw new Error(`acknowledged ${published} observations, and has committed ${committed}`);
    const handlesAfter = await untilBack(base, () => openFiles(pid));
    const secondQuarter = medianOf(samples, 1 / 4, 1 / 2);
    const lastQuarter = medianOf(samples, 3 / 4, 1);
    return {
      first: samples[0]!,
      secondQuarter,
      lastQuarter,
      last: samples.at(-1)!,
      growth: {
        rssBytes: lastQuarter.rssBytes - secondQuarter.rssBytes,
        anonymousBytes: lastQuarter.anonymousBytes - secondQuarter.anonymousBytes,
      },
      handles: {
        before: base,
        most: Math.max(...samples.map(({ handles }) => handles)),
        after: handlesAfter,
      },
      published,
      committed,
      samples,
    };
  });
}

/** Between two points of the time. */
function medianOf(samples: readonly Sample[], from: number, to: number): Memory {
  const part = samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to));
  return {
    rssBytes: median(part.map(({ rssBytes }) => rssBytes)),
    anonymousBytes: median(part.map(({ anonymousBytes }) => anonymousBytes)),
  };
}

/** The number of handles once it is no more than before. @throws if that takes too long. */
async function untilBack(before: number, count: () => number): Promise<number> {
  const deadline = Date.now() + HANDLES_BACK_MS_MAX;
  for (;;) {
    const now = count();
    if (now <= before) return now;
    if (Date.now() > deadline) throw new Error(`${now} handles are open, ${before} were before`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
