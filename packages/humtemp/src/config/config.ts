import type { BucketGrid } from '@humtemp/bucket-core';
import { StartError } from '../start-error.js';
import { apiProblems } from './api.js';
import { brokerProblems } from './broker.js';
import { bucketsOf } from './buckets.js';
import { problem } from './problem.js';
import type { Role } from './role.js';
import { type StoreAddress, storeAddress, storeProblems } from './store.js';
import { textOf } from './text-of.js';
import type { Variable } from './variable.js';
import { VARIABLES, type VariableValues } from './variables.js';
import { workerProblems } from './worker.js';

/** Everything that can be configured, read once and checked as a whole. */
export interface Config
  extends Omit<VariableValues, 'deduplicationHorizonS' | 'bucketRetention' | 'rollups'> {
  readonly grid: BucketGrid;
  readonly deduplicationHorizonS: number;
  readonly store: StoreAddress;
}

/**
 * Reads the configuration of a role from the environment.
 * @param role undefined: of a command that works on the store alone
 * @throws StartError that lists every bad variable, its value and what was expected.
 */
export function readConfig(env: NodeJS.ProcessEnv, role: Role | undefined): Config {
  const { values, problems } = readVariables(env);
  const isShared = role === 'worker' || role === 'api';
  const store = problems.length === 0 ? storeAddress(values as VariableValues, env, isShared) : undefined;
  const buckets =
    store && bucketsOf(values as VariableValues, 'redisUrl' in store ? 'redis' : 'embedded', env);
  if (buckets !== undefined && 'problem' in buckets) problems.push(buckets.problem);
  if (role === 'broker' || (role === 'start' && values.mqttUrls === undefined))
    problems.push(...brokerProblems(values));
  if (role === 'start' || role === 'api') problems.push(...apiProblems(values));
  if (values.mqttUrls !== undefined && role !== undefined) problems.push(...workerProblems(values));
  if (role === 'worker' && values.mqttUrls === undefined && !isBad('HUMTEMP_MQTT_URL', problems))
    problems.push(
      problem('HUMTEMP_MQTT_URL', '', 'the broker to subscribe to, such as mqtt://127.0.0.1:1883'),
    );
  if (problems.length === 0 && store !== undefined) problems.push(...storeProblems(store, values));
  if (problems.length > 0 || store === undefined || buckets === undefined || 'problem' in buckets)
    throw new StartError(
      `bad configuration:\n${problems.map((line) => `  ${line}\n`).join('')}humtemp help variables explains each.`,
    );
  return Object.freeze({ ...(values as VariableValues), ...buckets, store });
}

/** Whether a line about this variable is there already. */
function isBad(name: string, problems: readonly string[]): boolean {
  return problems.some((line) => line.startsWith(`${name}=`) || line.startsWith(`${name}_FILE=`));
}

/** The values of all good variables, and a line about each bad one. */
function readVariables(env: NodeJS.ProcessEnv): { values: Partial<VariableValues>; problems: string[] } {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [key, variable] of Object.entries(VARIABLES) as [string, Variable<unknown>][]) {
    let text: string | undefined;
    try {
      text = textOf(variable, env);
      if (text !== undefined) values[key] = variable.parse(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      problems.push(
        text === undefined
          ? problem(`${variable.name}_FILE`, env[`${variable.name}_FILE`] ?? '', error.message)
          : problem(variable.name, variable.shown(text), error.message),
      );
    }
  }
  return { values: values as Partial<VariableValues>, problems };
}

/** Names in the environment that look like ours but are none, each probably a typing error. */
export function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = new Set<string>(
    Object.values(VARIABLES).flatMap((variable: Variable<unknown>) =>
      variable.isSecret ? [variable.name, `${variable.name}_FILE`] : [variable.name],
    ),
  );
  return Object.keys(env).filter((name) => name.startsWith('HUMTEMP_') && !known.has(name));
}
