import { CpuWatch } from '../measuring/cpu-watch.js';
import { sumUs } from '../measuring/process-figures.js';
import { within } from '../measuring/within.js';
import type { PeerOptions } from '../peers/peer.js';
import { ProcessGroup } from '../processes/process-group.js';
import type { HttpLoad, HttpLoadDone } from './http-load.js';
import type { HttpPeer, RunningHttpPeer } from './http-peers.js';

/** What one load gave. */
export interface Posted {
  readonly load: string;
  /** Acknowledged. */
  readonly observations: number;
  readonly observationsPerS: number;
  /** Undefined where a connection has more than one in flight. */
  readonly latencyMs: HttpLoadDone['latencyMs'] | undefined;
  /** User and system time by process. */
  readonly cpuUsEach: Readonly<Record<string, number>>;
  /** Share of the time in which the load was not waiting. */
  readonly busy: number;
  /** Share of the machine that other programs took meanwhile. */
  readonly others: number;
}

export interface HttpLoads {
  /** Answers before the first of the loads: a server is slow until its code is compiled. */
  readonly warmUpAnswers: number;
  readonly measured: readonly HttpLoad[];
}

const LOAD_S_MAX = 300;

/** A peer that runs on from round to round, so that it is warm in all of them. */
export class HttpSession {
  #processes = new ProcessGroup();
  #running: RunningHttpPeer | undefined;
  #answered = 0;

  constructor(
    readonly peer: HttpPeer,
    readonly loads: HttpLoads,
    readonly options: PeerOptions,
  ) {}

  /**
   * Puts one load after the other on the peer, which is started for the first of them.
   * @throws if an answer is not 200, if not exactly what was answered is committed, or if it takes too long.
   */
  async measure(): Promise<Posted[]> {
    const { measured, warmUpAnswers } = this.loads;
    try {
      if (this.#running === undefined) {
        this.#running = await this.peer.start(this.#processes, this.options);
        await this.#post(this.#running, { ...measured[0]!, warmUpAnswers, durationS: 0 });
      }
      const posted: Posted[] = [];
      for (const load of measured) posted.push(await this.#post(this.#running, load));
      return posted;
    } catch (error) {
      const explained = await this.#processes.explained(error);
      await this.stop();
      throw explained;
    }
  }

  /** The next measurement starts the peer anew. */
  async stop(): Promise<void> {
    const processes = this.#processes;
    [this.#processes, this.#running, this.#answered] = [new ProcessGroup(), undefined, 0];
    await processes.stop();
  }

  async #post({ ports, processes, committed }: RunningHttpPeer, load: HttpLoad): Promise<Posted> {
    const child = this.#processes.startChild('http-load', { ...load, ports });
    const warmUp = await within(LOAD_S_MAX, child.hear<number>('ready'));
    const watch = new CpuWatch([...processes, child]);
    const finished = child.hear<HttpLoadDone>('done');
    child.tell('go');
    const { answers, seconds, latencyMs, busy } = await within(LOAD_S_MAX, finished);
    const { byProcess, others } = watch.stop();
    child.process.kill();
    this.#answered += warmUp + answers;
    const count = await committed?.();
    if (count !== undefined && count !== this.#answered)
      throw new Error(`answered ${this.#answered} observations with 200, and has committed ${count}`);
    return {
      load: `${load.connections} connections`,
      observations: answers,
      observationsPerS: answers / seconds,
      latencyMs,
      cpuUsEach: Object.fromEntries(processes.map(({ name }) => [name, sumUs(byProcess[name]!) / answers])),
      busy,
      others,
    };
  }
}
