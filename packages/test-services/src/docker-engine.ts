import { existsSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { SourceUnavailable } from './program-source.js';

const connectMsMax = 2_000;

/**
 * Quick check, before testcontainers is even loaded, whether it has an engine to talk to. Looks where testcontainers
 * looks.
 * @throws SourceUnavailable when nothing listens there
 */
export async function requireDockerEngine(): Promise<void> {
  // The file may name any engine; only testcontainers itself reads it.
  if (!process.env.DOCKER_HOST && existsSync(join(homedir(), '.testcontainers.properties'))) return;
  const failures: string[] = [];
  for (const address of engineAddresses()) {
    const failure = await connectionFailure(address);
    if (!failure) return;
    failures.push(failure);
  }
  throw new SourceUnavailable(`no engine answers (${failures.join('; ') || 'there is no docker.sock'})`);
}

function engineAddresses(): NetConnectOpts[] {
  const given = process.env.DOCKER_HOST;
  if (given) {
    const { hostname, port, pathname } = new URL(given);
    return [hostname ? { host: hostname, port: Number(port || 2375) } : { path: pathname }];
  }
  const runtimeFolder = process.env.XDG_RUNTIME_DIR;
  return [
    '/var/run/docker.sock',
    ...(runtimeFolder ? [join(runtimeFolder, 'docker.sock')] : []),
    join(homedir(), '.docker', 'run', 'docker.sock'),
    join(homedir(), '.docker', 'desktop', 'docker.sock'),
    `/run/user/${process.getuid?.()}/docker.sock`,
  ]
    .filter((path) => existsSync(path))
    .map((path) => ({ path }));
}

/** Why there is no connection to the address; undefined when there is. */
function connectionFailure(address: NetConnectOpts): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const finish = (failure?: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(failure);
    };
    const timer = setTimeout(() => finish(`no connection within ${connectMsMax} ms`), connectMsMax);
    socket.on('connect', () => finish());
    socket.on('error', (error) => finish(error.message));
  });
}
