import { randomInt } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { isAlive } from './process-signal.js';
import { sharedFolder } from './shared-folder.js';

/**
 * Below the ranges from which Linux, macOS and Windows take the local ports of outgoing connections: while a
 * killed server is down, its port must not become the local port of a client that tries to reconnect to it.
 */
const portMin = 20_000;
const portMax = 29_999;
const attemptsMax = 200;

const reservations = new Set<string>();

/** A server found its port taken, in spite of the reservation. Another port will do. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

/**
 * A TCP port of the loopback interface on which nothing listens. It stays reserved against the other test
 * processes until this process ends, so a server may be killed and started again on it.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const port = randomInt(portMin, portMax + 1);
    if (reserve(port) && (await canListen(port))) return port;
  }
  throw new Error(`no free port found between ${portMin} and ${portMax} in ${attemptsMax} attempts`);
}

/** Calls `start` with free ports until it does not find its port taken. */
export async function withFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === 5) throw error;
    }
  }
}

/** A reservation is a file named for the port that holds the pid of its owner. */
function reserve(port: number): boolean {
  const file = join(sharedFolder('ports'), String(port));
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Left by a process that was killed: free for the next attempt, which cannot race with this one.
    if (!ownerIsAlive(file)) rmSync(file, { force: true });
    return false;
  }
  if (reservations.size === 0) process.on('exit', releaseAll);
  reservations.add(file);
  return true;
}

function ownerIsAlive(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return !(pid > 0) || isAlive(pid);
  } catch {
    return true;
  }
}

function releaseAll(): void {
  for (const file of reservations) rmSync(file, { force: true });
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
