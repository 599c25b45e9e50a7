import type { Ledger } from '../live/hub-message.js';
import { RateMeter } from '../live/rate-meter.js';

type Process = Ledger['processes'][number];

/** How fast a process works, over the last ten seconds or so; undefined where that is not known yet. */
export interface Pace {
  /** Observations received in a second. */
  readonly perSecond: number | undefined;
  /** Observations in a commit, and the milliseconds that one takes; undefined without any commit. */
  readonly batch: number | undefined;
  readonly commitMs: number | undefined;
}

interface Meters {
  readonly received: RateMeter;
  readonly settled: RateMeter;
  readonly commits: RateMeter;
  readonly commitMs: RateMeter;
}

/** Measures what processes do from what they report, one report after the other. */
export class ProcessMeters {
  readonly #of = new Map<string, Meters>();

  paceOf({ process, reported_at, received, committed, duplicate, state }: Process): Pace {
    const ms = Date.parse(reported_at);
    let meters = this.#of.get(process);
    if (meters === undefined) {
      meters = {
        received: new RateMeter(),
        settled: new RateMeter(),
        commits: new RateMeter(),
        commitMs: new RateMeter(),
      };
      this.#of.set(process, meters);
    }
    const commits = meters.commits.add(state?.commits ?? 0, ms);
    const perCommit = (rate: number | undefined) =>
      commits === undefined || rate === undefined || commits === 0 ? undefined : rate / commits;
    return {
      perSecond: meters.received.add(received, ms),
      batch: perCommit(meters.settled.add(committed + duplicate, ms)),
      commitMs: perCommit(meters.commitMs.add(state?.commit_ms ?? 0, ms)),
    };
  }
}
