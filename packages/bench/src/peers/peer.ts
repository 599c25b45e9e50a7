import type { Candidate } from '../by-turns.js';
import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';

export interface PeerOptions {
  /** Folder for the CPU profile of the humtemp process; undefined: none is taken. */
  readonly profileFolder: string | undefined;
  /** Of the load, all from one address; undefined: no more than humtemp takes as it is. */
  readonly connections?: number | undefined;
}

/** A broker, and what belongs to it, that takes observations. */
export interface Peer extends Candidate {
  /** What an acknowledgement of it means. */
  readonly acknowledges: string;
  /** Whether an observation is committed when it is acknowledged; if not, the clock runs until it is. */
  readonly commitsFirst: boolean;
  start(processes: ProcessGroup, options: PeerOptions): Promise<RunningPeer>;
}

export interface RunningPeer {
  readonly mqttPort: number;
  /** Undefined: it has no API. */
  readonly apiPort?: number;
  readonly processes: readonly Pick<RunningProcess, 'name' | 'pid'>[];
  /** Observations committed so far. Undefined: it stores nothing. */
  readonly committed?: () => Promise<number>;
}
