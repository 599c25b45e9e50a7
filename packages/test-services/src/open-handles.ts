import { Server, Socket } from 'node:net';
import { pause } from './until.js';

/** For the end of a test file: every socket, server and child process is gone. @throws naming those that are left. */
export async function noOpenHandles(): Promise<void> {
  for (let i = 0; open().length > 0; i++) {
    if (i > 3000) throw new Error(`still open: ${open().join(', ')}; ${described().join('; ')}`);
    await pause(10);
  }
}

function open(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => /^(TCP|TLS|Process)/.test(kind));
}

/** Node's only list of the objects themselves is an undocumented one: for the message, and nothing else. */
function described(): string[] {
  const list = (process as { _getActiveHandles?: () => unknown[] })._getActiveHandles;
  return (list?.() ?? []).flatMap((handle) => {
    if (handle instanceof Server) return [`server ${JSON.stringify(handle.address())}`];
    if (!(handle instanceof Socket)) return [];
    const { localPort, remotePort, connecting, destroyed, readyState } = handle;
    return [JSON.stringify({ localPort, remotePort, connecting, destroyed, readyState })];
  });
}
