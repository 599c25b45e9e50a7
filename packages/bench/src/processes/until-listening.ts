import { connect } from 'node:net';
import type { RunningProcess } from './process-group.js';

const LISTENING_MS_MAX = 10_000;

/** Resolves once somebody accepts connections on a port. @throws if the process ends before, or takes too long. */
export async function untilListening(
  port: number,
  process: RunningProcess,
  msMax = LISTENING_MS_MAX,
): Promise<void> {
  for (const deadline = Date.now() + msMax; Date.now() < deadline; ) {
    const ended = process.ended();
    if (ended !== undefined) throw new Error(ended);
    const listening = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (listening) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${process.name} does not listen after ${msMax / 1000} s`);
}
