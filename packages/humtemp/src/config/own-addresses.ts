import { StartError } from '../start-error.js';
import { API } from './api.js';
import { BROKER } from './broker.js';
import { GENERAL } from './general.js';
import { problem } from './problem.js';
import { SOURCES } from './sources.js';
import { textOf } from './text-of.js';
import type { Variable } from './variable.js';
import { WORKER } from './worker.js';

/** Where `simulate` and `replay` publish and read if no option says so: where this configuration listens. */
export interface PublishDefaults {
  readonly url: string;
  readonly topic: string;
  readonly api: string;
}

/** @throws StartError for a variable that matters here and is bad. */
export function publishDefaults(env: NodeJS.ProcessEnv): PublishDefaults {
  const { mqttHost, mqttPort, mqttTlsPort, mqttWsPort } = BROKER.variables;
  const external = read(WORKER.variables.mqttUrls, env)?.[0];
  const filters = read(SOURCES.variables.mqttTopics, env)!.filters;
  return {
    url:
      external ??
      listenerUrl(read(mqttHost, env)!, {
        mqtt: read(mqttPort, env),
        mqtts: read(mqttTlsPort, env),
        ws: read(mqttWsPort, env),
      }),
    topic: filters.find((filter) => !filter.includes('#')) ?? filters[0]!,
    api: `http://${connectable(read(API.variables.apiHost, env)!)}:${read(API.variables.apiPort, env)}`,
  };
}

/** Where a process of this configuration says how it is. @throws StartError */
export function healthUrl(env: NodeJS.ProcessEnv): string {
  const { healthHost, healthPort } = GENERAL.variables;
  const port = read(healthPort, env);
  return port === undefined
    ? publishDefaults(env).api
    : `http://${connectable(read(healthHost, env)!)}:${port}`;
}

/** The first of them that is open. */
function listenerUrl(host: string, ports: Readonly<Record<string, number | undefined>>): string {
  const [kind, port] = Object.entries(ports).find(([, port]) => port !== undefined) ?? ['mqtt', 1883];
  return `${kind}://${connectable(host)}:${port}`;
}

/** Whoever listens on all addresses is here, too. */
function connectable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (/^[0:]+$/.test(host)) return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

function read<T>(variable: Variable<T>, env: NodeJS.ProcessEnv): T | undefined {
  let text: string | undefined;
  try {
    text = textOf(variable, env);
    return text === undefined ? undefined : variable.parse(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StartError(
      `bad configuration:\n  ${problem(variable.name, variable.shown(text ?? ''), error.message)}`,
      { cause: error },
    );
  }
}
