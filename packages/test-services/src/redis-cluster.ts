import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freePort, withFreePort } from './free-port.js';
import { localProgram } from './local-program.js';
import { type RedisOptions, redisRecipe } from './redis-service.js';
import { startServerProcess } from './server-process.js';
import type { Service } from './service.js';
import { pause } from './until.js';

/** A private Redis Cluster. */
export interface RedisCluster {
  /** Its nodes: first the masters, then the replicas. */
  readonly nodes: readonly Service[];
  /** `redis+cluster://host:port,host:port` */
  readonly url: string;
  /** Runs `redis-cli --cluster …`. */
  manage(...command: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

/**
 * Starts a Redis Cluster of programs on this machine, as nodes in containers would tell each other addresses that nobody
 * reaches. A master is given up after a second.
 */
export async function startRedisCluster(
  masters: number,
  replicasOfEach: number,
  options: RedisOptions = {},
  /** Lines of redis.conf that each node has of its own. */
  ofNode: () => Promise<Readonly<Record<string, string>>> = async () => ({}),
): Promise<RedisCluster> {
  const server = await localProgram('redis-server');
  const client = await localProgram('redis-cli');
  const start = async () => {
    const directives = {
      'cluster-enabled': 'yes',
      'cluster-node-timeout': '1000',
      'cluster-require-full-coverage': 'no',
      'cluster-port': String(await freePort()),
      ...options.directives,
      ...(await ofNode()),
    };
    return withFreePort((port) => startServerProcess(redisRecipe(directives), 'path', server, port));
  };
  const nodes = await Promise.all(Array.from({ length: masters * (1 + replicasOfEach) }, start));
  const manage = async (...command: readonly string[]) =>
    (await promisify(execFile)(client, ['--cluster', ...command, '--cluster-yes'])).stdout;
  const close = async () => {
    await Promise.all(nodes.map((node) => node.close()));
  };
  const places = nodes.map(({ host, port }) => `${host}:${port}`);
  try {
    await manage('create', ...places, '--cluster-replicas', String(replicasOfEach));
    // A node takes the cluster for well a while after it knows where all slots are.
    for (const { host, port } of nodes) while (!(await isWell(client, host, port))) await pause(50);
  } catch (error) {
    await close();
    throw error;
  }
  return { nodes, url: `redis+cluster://${places.join(',')}`, manage, close };
}

async function isWell(client: string, host: string, port: number): Promise<boolean> {
  const { stdout } = await promisify(execFile)(client, ['-h', host, '-p', `${port}`, 'CLUSTER', 'INFO']);
  return stdout.includes('cluster_state:ok');
}
