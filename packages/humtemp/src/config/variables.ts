import { API } from './api.js';
import { BROKER } from './broker.js';
import { BUCKETS } from './buckets.js';
import { GENERAL } from './general.js';
import type { Role } from './role.js';
import { SOURCES } from './sources.js';
import { STORE } from './store.js';
import type { ValuesOf, Variable, VariableGroup } from './variable.js';
import { WORKER } from './worker.js';

/** Every group there is, as help and documents list them. Nothing else reads the environment. */
export const GROUPS = {
  buckets: BUCKETS,
  sources: SOURCES,
  broker: BROKER,
  worker: WORKER,
  api: API,
  store: STORE,
  general: GENERAL,
} as const satisfies Readonly<Record<string, VariableGroup>>;

export type GroupName = keyof typeof GROUPS;

/** The groups that a role reads. */
export const GROUPS_OF_ROLE: Readonly<Record<Role, readonly GroupName[]>> = {
  start: ['buckets', 'sources', 'broker', 'worker', 'api', 'store', 'general'],
  broker: ['buckets', 'sources', 'broker', 'store', 'general'],
  worker: ['buckets', 'sources', 'worker', 'store', 'general'],
  api: ['buckets', 'sources', 'api', 'store', 'general'],
};

export const VARIABLES = {
  ...BUCKETS.variables,
  ...SOURCES.variables,
  ...BROKER.variables,
  ...WORKER.variables,
  ...API.variables,
  ...STORE.variables,
  ...GENERAL.variables,
} as const satisfies Readonly<Record<string, Variable<unknown>>>;

/** What all variables say. */
export type VariableValues = ValuesOf<{ heading: string; variables: typeof VARIABLES }>;
