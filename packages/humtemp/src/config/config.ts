import { isIPv4 } from 'node:net';
import { type BucketGrid, bucketGrid, defaultHorizonS } from '@humtemp/bucket-core';
import { StartError } from '../start-error.js';
import type { Variable } from './variable.js';
import { VARIABLES, type VariableValues } from './variables.js';

/** Everything that can be configured, read once and checked as a whole. */
export interface Config extends Omit<VariableValues, 'deduplicationHorizonS'> {
  readonly grid: BucketGrid;
  readonly deduplicationHorizonS: number;
  /** The Redis to use; undefined: the embedded store. */
  readonly store: { readonly redisUrl: string } | { readonly dataDir: string };
}

export type Role = 'start' | 'broker' | 'worker' | 'api';

/**
 * Reads the configuration of a role from the environment.
 * @throws StartError that lists every bad variable, its value and what was expected.
 */
export function readConfig(env: NodeJS.ProcessEnv, role: Role): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, variable] of Object.entries(VARIABLES) as [string, Variable<unknown>][]) {
    const text = env[variable.name] ?? variable.default;
    if (text === undefined) continue;
    try {
      values[key] = variable.parse(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      problems.push(problem(variable.name, variable.shown(text), error.message));
    }
  }
  const config = values as unknown as VariableValues;
  let grid: BucketGrid | undefined;
  if (problems.length === 0) {
    try {
      const primary = { durationS: config.bucketDurationS, retention: config.bucketRetention };
      // A default rollup gives way to a primary resolution of the same duration; one that was asked for does not.
      const rollups =
        env.HUMTEMP_ROLLUPS === undefined
          ? config.rollups.filter((rollup) => rollup.durationS !== primary.durationS)
          : config.rollups;
      grid = bucketGrid(config.bucketAlignmentS, primary, rollups);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      problems.push(
        problem('HUMTEMP_ROLLUPS', env.HUMTEMP_ROLLUPS ?? VARIABLES.rollups.default, error.message),
      );
    }
  }
  const serves = {
    broker: role === 'broker' || (role === 'start' && config.mqttUrl === undefined),
    api: role !== 'broker' && role !== 'worker',
  };
  if (serves.broker) problems.push(...brokerProblems(config));
  if (
    serves.api &&
    config.apiHost !== undefined &&
    !isLoopback(config.apiHost) &&
    config.apiTokensFile === undefined &&
    config.apiAllowAnonymous === false
  )
    problems.push(
      problem(
        'HUMTEMP_API_HOST',
        config.apiHost,
        'a loopback address, or HUMTEMP_API_TOKENS_FILE, or HUMTEMP_API_ALLOW_ANONYMOUS=true',
      ),
    );
  if (role === 'worker' && env.HUMTEMP_MQTT_URL === undefined)
    problems.push(
      problem('HUMTEMP_MQTT_URL', '', 'the broker to subscribe to, such as mqtt://127.0.0.1:1883'),
    );
  if (problems.length > 0 || grid === undefined)
    throw new StartError(
      `bad configuration:\n${problems.map((line) => `  ${line}\n`).join('')}humtemp --help explains every variable.`,
    );
  return Object.freeze({
    ...config,
    grid,
    deduplicationHorizonS: config.deduplicationHorizonS ?? defaultHorizonS(grid),
    store: storeOf(config, env, role),
  });
}

/** What the variables of the embedded broker, each of them good, do not say together. */
function brokerProblems(config: Partial<VariableValues>): string[] {
  const { mqttHost: host, mqttPasswordFile, mqttAllowAnonymous } = config;
  const problems: string[] = [];
  if (
    host !== undefined &&
    !isLoopback(host) &&
    mqttPasswordFile === undefined &&
    mqttAllowAnonymous === false
  )
    problems.push(
      problem(
        'HUMTEMP_MQTT_HOST',
        host,
        'a loopback address, or HUMTEMP_MQTT_ALLOW_ANONYMOUS=true, or accounts in HUMTEMP_MQTT_PASSWORD_FILE',
      ),
    );
  const { mqttPort, mqttTlsPort, mqttWsPort, mqttWssPort, mqttCertFile, mqttKeyFile } = config;
  const usesTls = mqttTlsPort !== undefined || mqttWssPort !== undefined;
  if (usesTls && (mqttCertFile === undefined || mqttKeyFile === undefined)) {
    const missing = mqttCertFile === undefined ? 'HUMTEMP_MQTT_CERT_FILE' : 'HUMTEMP_MQTT_KEY_FILE';
    problems.push(
      problem(missing, '', 'both HUMTEMP_MQTT_CERT_FILE and HUMTEMP_MQTT_KEY_FILE, for a port with TLS'),
    );
  }
  if ('mqttPort' in config && mqttPort === undefined && !usesTls && mqttWsPort === undefined)
    problems.push(problem('HUMTEMP_MQTT_PORT', 'off', 'a port, for no other listener is configured'));
  const { mqttTopics, mqttTopicLevelsMax } = config;
  const levels = Math.max(0, ...(mqttTopics?.filters ?? []).map((filter) => filter.split('/').length));
  if (mqttTopicLevelsMax !== undefined && mqttTopicLevelsMax < levels)
    problems.push(
      problem(
        'HUMTEMP_MQTT_TOPIC_LEVELS_MAX',
        `${mqttTopicLevelsMax}`,
        `at least the ${levels} levels of HUMTEMP_MQTT_TOPICS`,
      ),
    );
  return problems;
}

/** Names in the environment that look like ours and are none, each with the likely cause: a typing error. */
export function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = new Set<string>(Object.values(VARIABLES).map((variable) => variable.name));
  return Object.keys(env).filter((name) => name.startsWith('HUMTEMP_') && !known.has(name));
}

/** Redis where one is named, and for the roles that share their store with other processes. */
function storeOf(config: VariableValues, env: NodeJS.ProcessEnv, role: Role): Config['store'] {
  if (config.redisUrl !== undefined) return { redisUrl: config.redisUrl };
  const named = ['HUMTEMP_REDIS_HOST', 'HUMTEMP_REDIS_PORT', 'HUMTEMP_REDIS_DB'].some(
    (name) => env[name] !== undefined,
  );
  if (!named && (role === 'start' || role === 'broker')) return { dataDir: config.dataDir };
  return { redisUrl: `redis://${config.redisHost ?? '127.0.0.1'}:${config.redisPort}/${config.redisDb}` };
}

function problem(name: string, value: string, expected: string): string {
  return `${name}=${value}: expected ${expected}`;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
