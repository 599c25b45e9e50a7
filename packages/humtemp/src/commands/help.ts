import type { Role } from '../config/role.js';
import type { Variable } from '../config/variable.js';
import { GROUPS, GROUPS_OF_ROLE, type GroupName } from '../config/variables.js';

/** `humtemp --help`: the commands, and where to read on. */
export const HELP = `humtemp: temperature and humidity from MQTT, in per-lab time buckets, over HTTP

Usage: humtemp COMMAND

Run:
  start            all roles in one process, with embedded broker and store unless configured otherwise
  broker           the embedded MQTT broker alone
  worker           subscribes to an external broker (HUMTEMP_MQTT_URL) and aggregates into Redis
  api              the HTTP API alone

Send and understand observations:
  simulate         publishes what realistic labs would
  replay FILE.csv  publishes the rows of a file
  explain          what a source makes of a publish, field by field, and what to write

Administer:
  passwd FILE USER adds accounts for the embedded broker
  token FILE NAME  adds tokens for the HTTP API

Move and keep buckets:
  export [FILE]    all buckets of a store, as lines of JSON
  import FILE      puts the buckets of an export into a store
  backup DIR       a copy of the data folder, also while humtemp runs
  spread           moves labs between Redis servers when one is added or removed, while humtemp runs

Look at what runs:
  doctor [ROLE]    looks at configuration, files, disk, ports, broker and Redis; says what to change
  inspect          shows what a running process does, or what a store holds
  support-bundle   writes all that helps to find out what is wrong into one file, without secrets
  health           asks a running process whether it is ready, for containers and probes

Read on:
  COMMAND --help   the options of a command, the variables of a role
  help variables   every environment variable
  version          the version

Exit codes: 0 stopped as asked, 1 failed while running, 2 could not start.
`;

const NOTES = `Durations are seconds, or 90s, 5m, 1h, 7d, 2w.
User and password in a URL: %25 for %, %2F for /, %40 for @, %23 for #, %3F for ?.
`;

const PURPOSE: Readonly<Record<Role, string>> = {
  start: 'all roles in one process, with embedded broker and store unless configured otherwise',
  broker: 'the embedded MQTT broker alone. Name a Redis if another process is to read the buckets',
  worker: 'subscribes to the external broker HUMTEMP_MQTT_URL and aggregates into Redis',
  api: 'the HTTP API alone, over the buckets in Redis',
};

/** `humtemp ROLE --help`: what it does and the variables that it reads, by name and default. */
export function roleHelp(role: Role): string {
  return `humtemp ${role}: ${PURPOSE[role]}

It takes no arguments. It reads these environment variables:

${GROUPS_OF_ROLE[role].map((name) => nameTable(name)).join('\n')}
humtemp help variables explains each.
`;
}

/** `humtemp help variables`: every variable with its default, its values and its meaning. */
export function variablesHelp(): string {
  return `Environment variables of humtemp

${(Object.keys(GROUPS) as GroupName[]).map((name) => meanings(name)).join('\n')}
${NOTES}`;
}

function variablesOf(group: GroupName): Variable<unknown>[] {
  return Object.values(GROUPS[group].variables);
}

function nameTable(group: GroupName): string {
  const lines = variablesOf(group).map((variable) => `  ${variable.name.padEnd(40)} ${defaultOf(variable)}`);
  return `${GROUPS[group].heading}\n${lines.map((line) => `${line.trimEnd()}\n`).join('')}`;
}

function meanings(group: GroupName): string {
  const lines = variablesOf(group).map(
    (variable) =>
      `  ${variable.name}\n      ${variable.meaning}\n      ${variable.values}${
        variable.default === undefined ? '' : `; default ${defaultOf(variable)}`
      }\n`,
  );
  return `${GROUPS[group].heading}\n\n${lines.join('')}`;
}

function defaultOf({ default: fallback }: Variable<unknown>): string {
  return fallback === '' ? 'empty' : (fallback ?? '');
}
