import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Ingested, ingestInto } from '../ingest/ingest-once.js';
import type { IngestLoad } from '../load/ingest-load.js';
import { CAN_LOOK, memory } from '../measuring/process-figures.js';
import type { Peer, PeerOptions } from '../peers/peer.js';
import { withPeer } from '../peers/peers.js';

/** One round of one peer with one number of labs. */
export interface Grown {
  readonly labs: number;
  readonly load: Ingested;
  /** Of all processes of the peer, right after the last commit. */
  readonly rssBytes: number;
  readonly rssBytesByProcess: Readonly<Record<string, number>>;
  /** On the disk, once nothing is written any more. */
  readonly folderBytes: number;
}

const QUIET_MS_MAX = 30_000;
/** proc(5) and stat(2): blocks are of 512 bytes, whatever the file system's are. */
const BLOCK_BYTES = 512;

/**
 * A peer that begins empty takes the load.
 * @param quietMs without a change of its folders, after which they are measured
 * @throws if not everything is committed.
 */
export function growthOnce(
  peer: Peer,
  load: IngestLoad,
  quietMs: number,
  options: PeerOptions,
): Promise<Grown> {
  return withPeer(peer, options, async (running, processes) => {
    const ingested = await ingestInto(peer, running, processes, load);
    const rssBytesByProcess = Object.fromEntries(
      running.processes.map(({ name, pid }) => [name, CAN_LOOK ? memory(pid).rssBytes : 0]),
    );
    return {
      labs: load.labs,
      load: ingested,
      rssBytes: Object.values(rssBytesByProcess).reduce((sum, bytes) => sum + bytes, 0),
      rssBytesByProcess,
      folderBytes: await bytesOnceQuiet(processes.folders, quietMs),
    };
  });
}

/** Bytes of folders once they have not changed for a while: what is in memory is saved when nothing else is to be done. */
async function bytesOnceQuiet(folders: readonly string[], quietMs: number): Promise<number> {
  const count = () => folders.reduce((sum, folder) => sum + folderBytes(folder), 0);
  let last = { bytes: count(), atMs: Date.now() };
  for (const deadline = Date.now() + QUIET_MS_MAX; Date.now() < deadline; ) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const bytes = count();
    if (bytes !== last.bytes) last = { bytes, atMs: Date.now() };
    else if (Date.now() - last.atMs > quietMs) break;
  }
  return last.bytes;
}

function folderBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    // A file may go while we look.
    bytes +=
      (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.blocks ?? 0) * BLOCK_BYTES;
  }
  return bytes;
}
