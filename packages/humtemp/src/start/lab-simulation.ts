import type { Simulation } from '@humtemp/api';
import type { Intake } from '@humtemp/intake';
import { SimulatedLab } from '../commands/publish/simulated-lab.js';

const LABS = 8;
/** Of each lab, between two observations. */
const EVERY_MS = 4000;
/** Whoever looks at it has seen it by then. */
const LASTS_MS = 10 * 60_000;
const PAST_EVERY_MS = 5 * 60_000;
const DAY_MS = 86_400_000;
const SEED = 1;
const SOURCE = 'POST /simulation';

/**
 * Made-up labs that this process hands to its own intake: all since the beginning of yesterday at once, so that charts
 * have something to show, then each every few seconds.
 *
 *     idle ──start──▶ running ──stop, or ten minutes──▶ idle
 */
export class LabSimulation implements Simulation {
  readonly labs = Array.from({ length: LABS }, (_, i) => `simulated/${String(i + 1).padStart(2, '0')}`);
  endsMs: number | undefined;
  #run = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly intake: Pick<Intake, 'receive' | 'isFull' | 'whenSettled'>,
    readonly clock: () => number = Date.now,
  ) {}

  start(): void {
    const isRunning = this.endsMs !== undefined;
    this.endsMs = this.clock() + LASTS_MS;
    if (isRunning) return;
    this.#run = new AbortController();
    void this.#simulate(this.#run.signal);
  }

  stop(): void {
    this.endsMs = undefined;
    this.#run.abort();
    clearTimeout(this.#timer);
  }

  async #simulate(signal: AbortSignal): Promise<void> {
    const labs = this.labs.map((id, i) => new SimulatedLab(id, SEED, i));
    const nowMs = this.clock();
    // Begun again on the same day, the past is the same, and counts once.
    const fromMs = Math.floor(nowMs / DAY_MS - 1) * DAY_MS;
    for (let ms = fromMs; ms < nowMs; ms += PAST_EVERY_MS) {
      // Sensors go first.
      await this.intake.whenSettled();
      if (signal.aborted) return;
      for (const lab of labs) this.#observe(lab, ms);
    }
    this.#next(labs, 0, signal);
  }

  #next(labs: readonly SimulatedLab[], turn: number, signal: AbortSignal): void {
    const nowMs = this.clock();
    if (signal.aborted) return;
    if (nowMs >= (this.endsMs ?? 0)) {
      this.stop();
      return;
    }
    if (!this.intake.isFull) this.#observe(labs[turn % labs.length]!, nowMs);
    this.#timer = setTimeout(() => this.#next(labs, turn + 1, signal), EVERY_MS / labs.length);
    this.#timer.unref();
  }

  #observe(lab: SimulatedLab, ms: number): void {
    const payload = JSON.stringify({ timestamp: ms / 1000, ...lab.observe(ms) });
    this.intake.receive(lab.id, Buffer.from(payload), SOURCE);
  }
}
