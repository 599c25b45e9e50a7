import { exchangeProbe } from './readiness.js';
import type { ServerPlace, ServerRecipe } from './server-recipe.js';
import type { Service } from './service.js';
import { startService } from './start-service.js';

export interface MosquittoOptions {
  /**
   * Lines of mosquitto.conf. They follow the lines of the plain MQTT listener, so options of a listener apply to
   * it. `{folder}` stands for the folder of `files`, `{address}` for the address to listen on.
   */
  readonly config?: string;
  /** Ports of further listeners in `config`. */
  readonly furtherPorts?: readonly number[];
  /** Files that the lines name (accounts, access rules, certificates): content by file name. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * Starts a private Mosquitto broker with one plain MQTT listener, open to everybody unless `config` says otherwise.
 * Its persistence folder is in place; `persistence true` turns persistence on.
 * @throws Error when no source has Mosquitto, or with the broker's output when it did not start
 */
export function startMosquitto(options: MosquittoOptions = {}): Promise<Service> {
  return startService(mosquittoRecipe(options));
}

const configFile = 'mosquitto.conf';

/**
 * The CONNECT and DISCONNECT of MQTT 3.1.1 [MQTT-3.1, MQTT-3.14]: clean session, keep-alive 10 s, client id
 * "humtemp-probe". Any CONNACK but "server unavailable" (3) is an answer: a broker that wants a password is up.
 */
const connect = Buffer.from([
  ...[0x10, 0x19], // CONNECT, 25 bytes follow
  ...[0x00, 0x04, 0x4d, 0x51, 0x54, 0x54, 0x04], // "MQTT", level 4
  ...[0x02, 0x00, 0x0a], // clean session; keep-alive
  ...[0x00, 0x0d, ...Buffer.from('humtemp-probe')],
]);
const disconnect = Buffer.from([0xe0, 0x00]);
const mosquittoProbe = exchangeProbe(
  connect,
  (received) => received.length >= 4 && received[0] === 0x20 && received[3] !== 3,
  disconnect,
);

function mosquittoRecipe(options: MosquittoOptions): ServerRecipe {
  return {
    program: 'mosquitto',
    image: 'eclipse-mosquitto:2',
    urlScheme: 'mqtt',
    imagePort: 1883,
    imageDataFolder: '/mosquitto/data',
    furtherPorts: options.furtherPorts ?? [],
    files: (place) => ({ ...options.files, [configFile]: mosquittoConf(place, options.config ?? '') }),
    commandArguments: (configFolder) => ['-c', `${configFolder}/${configFile}`],
    answers: mosquittoProbe,
  };
}

/** Mosquitto takes most options only once, so a default gives way to a line of the test. */
function mosquittoConf(place: ServerPlace, config: string): string {
  const lines = config
    .replaceAll('{folder}', place.configFolder)
    .replaceAll('{address}', place.listenAddress);
  const defaults = [
    ['allow_anonymous', 'true'],
    ['persistence_location', `${place.dataFolder}/`],
    // Not stdout: what stands in its buffer is not in the log.
    ['log_dest', 'stderr'],
    // Else it gives up root for a user who may not enter the temporary folder.
    ...(place.startedAsRoot ? [['user', 'root']] : []),
  ];
  const absent = defaults.filter(([name]) => !new RegExp(`^\\s*${name}\\s`, 'm').test(lines));
  return [
    `listener ${place.port} ${place.listenAddress}`,
    ...absent.map(([name, value]) => `${name} ${value}`),
    lines,
    '',
  ].join('\n');
}
