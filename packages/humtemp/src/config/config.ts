import type { BucketGrid } from '@humtemp/bucket-core';
import { StartError } from '../start-error.js';
import { apiProblems } from './api.js';
import { brokerProblems } from './broker.js';
import { bucketsOf } from './buckets.js';
import { problem } from './problem.js';
import type { Role } from './role.js';
import { type StoreAddress, storeAddress } from './store.js';
import type { Variable } from './variable.js';
import { VARIABLES, type VariableValues } from './variables.js';

/** Everything that can be configured, read once and checked as a whole. */
export interface Config extends Omit<VariableValues, 'deduplicationHorizonS'> {
  readonly grid: BucketGrid;
  readonly deduplicationHorizonS: number;
  readonly store: StoreAddress;
}

/**
 * Reads the configuration of a role from the environment.
 * @throws StartError that lists every bad variable, its value and what was expected.
 */
export function readConfig(env: NodeJS.ProcessEnv, role: Role): Config {
  const { values, problems } = readVariables(env);
  const buckets = problems.length === 0 ? bucketsOf(values as VariableValues, env) : undefined;
  if (buckets !== undefined && 'problem' in buckets) problems.push(buckets.problem);
  if (role === 'broker' || (role === 'start' && values.mqttUrl === undefined))
    problems.push(...brokerProblems(values));
  if (role === 'start' || role === 'api') problems.push(...apiProblems(values));
  if (role === 'worker' && env.HUMTEMP_MQTT_URL === undefined)
    problems.push(
      problem('HUMTEMP_MQTT_URL', '', 'the broker to subscribe to, such as mqtt://127.0.0.1:1883'),
    );
  if (problems.length > 0 || buckets === undefined || 'problem' in buckets)
    throw new StartError(
      `bad configuration:\n${problems.map((line) => `  ${line}\n`).join('')}humtemp help variables explains each.`,
    );
  const config = values as VariableValues;
  return Object.freeze({
    ...config,
    ...buckets,
    store: storeAddress(config, env, role === 'worker' || role === 'api'),
  });
}

/** The values of all good variables, and a line about each bad one. */
function readVariables(env: NodeJS.ProcessEnv): { values: Partial<VariableValues>; problems: string[] } {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
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
  return { values: values as Partial<VariableValues>, problems };
}

/** Names in the environment that look like ours but are none, each probably a typing error. */
export function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = new Set<string>(Object.values(VARIABLES).map((variable) => variable.name));
  return Object.keys(env).filter((name) => name.startsWith('HUMTEMP_') && !known.has(name));
}
