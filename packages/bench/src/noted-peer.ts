import type { Peer, PeerOptions, RunningPeer } from './peers/peer.js';
import { ProcessGroup, type RunningProcess } from './processes/process-group.js';

/** A running peer, and where it can be looked into. */
export interface NotedPeer extends RunningPeer {
  /** Undefined: it has no API. */
  readonly apiPort: number | undefined;
  /** Every folder that its programs write to. */
  readonly folders: readonly string[];
}

/** As `withPeer` of a peer, for measurements that look into what it stores. */
export async function withNotedPeer<T>(
  peer: Peer,
  options: PeerOptions,
  use: (running: NotedPeer, processes: ProcessGroup) => Promise<T>,
): Promise<T> {
  const processes = new NotingProcesses();
  try {
    const running = await peer.start(processes, options);
    return await use({ ...running, apiPort: processes.apiPort, folders: processes.folders }, processes);
  } catch (error) {
    // A process that died is known to have a moment after its connections.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const reasons = [error instanceof Error ? error.message : String(error), ...processes.ended()];
    throw new Error([...new Set(reasons)].join('\n'), { cause: error });
  } finally {
    await processes.stop();
  }
}

/** Notes what the programs are told that a peer starts. */
class NotingProcesses extends ProcessGroup {
  apiPort: number | undefined;
  readonly folders: string[] = [];

  override spawn(
    name: string,
    program: string,
    args: readonly string[],
    env: Record<string, string> = {},
  ): RunningProcess {
    if (env.HUMTEMP_API_PORT !== undefined) this.apiPort = Number(env.HUMTEMP_API_PORT);
    return super.spawn(name, program, args, env);
  }

  override async folder(): Promise<string> {
    const folder = await super.folder();
    this.folders.push(folder);
    return folder;
  }
}
