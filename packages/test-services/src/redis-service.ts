import { exchangeProbe } from './readiness.js';
import type { ServerRecipe } from './server-recipe.js';
import type { Service } from './service.js';
import { startService } from './start-service.js';

export interface RedisOptions {
  /**
   * Lines of redis.conf by name, as `{ appendonly: 'yes', appendfsync: 'always' }`; they win over our defaults
   * (no snapshots, no append-only file). Values are written as they are; the empty string becomes `""`.
   */
  readonly directives?: Readonly<Record<string, string>>;
  /** The server that it is a replica of. */
  readonly replicaOf?: Service;
}

/**
 * Starts a private Redis server that keeps nothing on disk unless told to.
 * @throws Error when no source has Redis, or with the server's output when it did not start
 */
export async function startRedis({ directives, replicaOf }: RedisOptions = {}): Promise<Service> {
  const primary = await replicaOf?.peerAddress();
  const replica = primary && { replicaof: `${primary.host} ${primary.port}` };
  return startService(redisRecipe({ ...replica, ...directives }));
}

const configFile = 'redis.conf';

/** `-NOAUTH` answers as well: a server that wants a password is up. `-LOADING` is not up yet. */
const redisProbe = exchangeProbe(Buffer.from('*1\r\n$4\r\nPING\r\n'), (received) =>
  /^(\+PONG|-NOAUTH)/.test(received.toString('latin1')),
);

export function redisRecipe(directives: Readonly<Record<string, string>>): ServerRecipe {
  return {
    program: 'redis-server',
    image: 'redis:7-bookworm',
    urlScheme: 'redis',
    imagePort: 6379,
    imageDataFolder: '/data',
    furtherPorts: [],
    files: (place) => ({
      [configFile]: redisConf({
        bind: place.listenAddress,
        port: String(place.port),
        // It would refuse connections that come through a container's published port.
        'protected-mode': 'no',
        dir: place.dataFolder,
        save: '',
        appendonly: 'no',
        // A replica that comes waits for no other.
        'repl-diskless-sync-delay': '0',
        ...directives,
      }),
    }),
    commandArguments: (configFolder) => [`${configFolder}/${configFile}`],
    answers: redisProbe,
  };
}

function redisConf(directives: Readonly<Record<string, string>>): string {
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value === '' ? '""' : value}\n`)
    .join('');
}
