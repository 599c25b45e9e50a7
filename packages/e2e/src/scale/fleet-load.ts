import { type LabRecord, RecordedLoad } from '../recorded-load.js';

export interface FleetLoadOptions {
  /** Brokers that take it, by turns. */
  readonly urls: readonly string[];
  readonly connections: number;
  /** Of all connections together. */
  readonly observations: number;
  readonly ratePerS: number;
  readonly labs: number;
  readonly seed: number;
  /** In front of the names of all labs. */
  readonly labPrefix?: string;
}

/** Several recorded loads, each over a connection of its own and with labs of its own, as one. */
export class FleetLoad {
  readonly loads: readonly RecordedLoad[];

  constructor(readonly options: FleetLoadOptions) {
    const { urls, connections, observations, ratePerS, labs, seed, labPrefix = '' } = options;
    this.loads = Array.from(
      { length: connections },
      (_, i) =>
        new RecordedLoad({
          url: urls[i % urls.length]!,
          observations: Math.ceil(observations / connections),
          ratePerS: ratePerS / connections,
          labs: Math.ceil(labs / connections),
          labPrefix: `${labPrefix}c${i}-`,
          seed: seed + i,
          inFlightMax: Math.max(20, Math.ceil(1000 / connections)),
        }),
    );
  }

  async run(): Promise<void> {
    await Promise.all(this.loads.map((load) => load.run()));
  }

  get published(): number {
    return this.loads.reduce((sum, { published }) => sum + published, 0);
  }

  get acknowledged(): number {
    return this.loads.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  get resent(): number {
    return this.loads.reduce((sum, { resent }) => sum + resent, 0);
  }

  /** Everything that was handed to the publishers so far, by lab. */
  get record(): Map<string, LabRecord> {
    return new Map(this.loads.flatMap(({ record }) => [...record]));
  }

  async close(): Promise<void> {
    await Promise.all(this.loads.map((load) => load.close()));
  }
}
