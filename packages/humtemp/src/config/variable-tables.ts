import type { Variable } from './variable.js';
import { GROUPS, type GroupName } from './variables.js';

const BLOCK = /(<!-- variables: ([^>]*) -->\n).*?(<!-- \/variables -->)/gs;

/**
 * A document with its tables of variables made anew. A table stands between `<!-- variables: WHICH -->` and
 * `<!-- /variables -->`; WHICH is a comma-separated list of groups and names of variables.
 * @throws RangeError for a group or a variable that does not exist.
 */
export function withVariableTables(document: string): string {
  return document.replace(
    BLOCK,
    (_, open: string, which: string, close: string) => `${open}\n${tableOf(which.split(','))}\n${close}`,
  );
}

function tableOf(which: readonly string[]): string {
  const rows = which.flatMap((name) => variablesNamed(name.trim())).map(rowOf);
  return `| variable | default | values | meaning |\n|---|---|---|---|\n${rows.join('')}`;
}

function variablesNamed(name: string): Variable<unknown>[] {
  if (Object.hasOwn(GROUPS, name)) return Object.values(GROUPS[name as GroupName].variables);
  const all = Object.values(GROUPS).flatMap(({ variables }): Variable<unknown>[] => Object.values(variables));
  const one = all.find((variable) => variable.name === name);
  if (one === undefined) throw new RangeError(`there is no group and no variable ${name}`);
  return [one];
}

function rowOf({ name, default: fallback, values, meaning }: Variable<unknown>): string {
  return `| \`${name}\` | ${defaultOf(name, fallback)} | ${escaped(values)} | ${escaped(meaning)} |\n`;
}

function defaultOf(name: string, fallback: string | undefined): string {
  // The others are the same on every machine.
  if (name === 'HUMTEMP_MQTT_CLIENT_ID') return '`humtemp-<host name>`';
  if (fallback === undefined) return '';
  return fallback === '' ? 'empty' : `\`${fallback}\``;
}

function escaped(text: string): string {
  return text.replace(/[|]/g, '\\|');
}
