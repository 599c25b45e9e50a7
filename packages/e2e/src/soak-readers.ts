import { setTimeout as pause } from 'node:timers/promises';

const PAUSE_MS = 200;

/** Readers of the HTTP API, who ask for one thing after the other, and two live streams. */
export class SoakReaders {
  reads = 0;
  failed = 0;
  /** Events of the streams. */
  events = 0;
  readonly #over = new AbortController();
  #turn = 0;

  constructor(
    readonly baseUrl: string,
    readonly labs: number,
  ) {}

  start(): void {
    for (let i = 0; i < 2; i++) void this.#read();
    void this.#stream('/stream');
    void this.#stream('/stream?labs=lab-0,lab-1');
  }

  stop(): void {
    this.#over.abort();
  }

  #path(): string {
    const turn = this.#turn++;
    const lab = `lab-${turn % this.labs}`;
    const paths = [
      `/labs/${lab}/buckets`,
      `/labs/${lab}`,
      '/summary?offset=0',
      '/summary',
      '/labs?limit=1000',
      '/buckets?offset=0',
      `/labs/${lab}/summary`,
      '/summaries',
      '/ledger',
    ];
    return paths[turn % paths.length]!;
  }

  async #read(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        const response = await fetch(`${this.baseUrl}${this.#path()}`, { signal });
        await response.arrayBuffer();
        // A lab that has sent nothing yet is unknown.
        if (!response.ok && response.status !== 404) this.failed += 1;
        this.reads += 1;
        await pause(PAUSE_MS, undefined, { signal });
      } catch {
        if (!signal.aborted) this.failed += 1;
      }
    }
  }

  async #stream(path: string): Promise<void> {
    const { signal } = this.#over;
    const decoder = new TextDecoder();
    while (!signal.aborted) {
      try {
        const response = await fetch(`${this.baseUrl}${path}`, { signal });
        for await (const bytes of response.body!)
          this.events += decoder.decode(bytes, { stream: true }).split('\nevent: ').length - 1;
      } catch {
        if (!signal.aborted) this.failed += 1;
        await pause(PAUSE_MS);
      }
    }
  }
}
