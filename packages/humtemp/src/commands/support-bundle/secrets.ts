import { readFileSync } from 'node:fs';
import { textOf } from '../../config/text-of.js';
import type { Variable } from '../../config/variable.js';
import { VARIABLES } from '../../config/variables.js';

/** Shorter texts stand in any file by chance. */
const LENGTH_MIN = 4;
/** Variables that name a file whose lines are secrets, or hashes of some. */
const FILES_WITH_SECRETS = [
  'HUMTEMP_MQTT_PASSWORD_FILE',
  'HUMTEMP_API_TOKENS_FILE',
  'HUMTEMP_MQTT_KEY_FILE',
  'HUMTEMP_MQTT_CLIENT_KEY_FILE',
];

/**
 * Every text of this configuration that nobody else may read: users and passwords in URLs, encoded and decoded, secrets
 * from files, hashes, and all of the values of variables that humtemp does not know.
 */
export function secretsOf(env: NodeJS.ProcessEnv): readonly string[] {
  const known = new Map<string, Variable<unknown>>(
    Object.values(VARIABLES).map((variable) => [variable.name, variable]),
  );
  const secrets = new Set<string>();
  const add = (text: string) => void (text.length >= LENGTH_MIN && secrets.add(text));
  for (const variable of known.values()) {
    const text = readText(variable, env);
    // What messages show as it is, is no secret.
    if (text === undefined || variable.shown(text) === text) continue;
    // Several servers may stand in one text.
    for (const one of [text, ...text.split(/,(?=\w+:\/\/)/)])
      for (const part of credentialsIn(one)) add(part);
    if (!URL.canParse(text)) add(text);
  }
  for (const [name, text] of Object.entries(env))
    if (name.startsWith('HUMTEMP_') && !known.has(name) && !isFileOfKnown(name, known) && text !== undefined)
      add(text);
  for (const name of FILES_WITH_SECRETS) for (const word of wordsIn(env[name])) add(word);
  return [...secrets].sort((a, b) => b.length - a.length);
}

/** The same value, each text in it without any of these. */
export function withoutSecrets<T>(value: T, secrets: readonly string[]): T {
  if (typeof value === 'string')
    return secrets.reduce<string>((text, secret) => text.replaceAll(secret, '…'), value) as T;
  if (Array.isArray(value)) return value.map((one: unknown) => withoutSecrets(one, secrets)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, withoutSecrets(one as unknown, secrets)]),
  ) as T;
}

/** What stands before an @ but for the user's name, and queries. */
function* credentialsIn(text: string): Generator<string> {
  const at = text.lastIndexOf('@');
  if (at >= 0) {
    const before = text.slice(0, at).replace(/^[a-z][\w+.-]*:\/\//i, '');
    const password = before.slice(before.indexOf(':') + 1);
    yield password;
    yield decoded(password);
  }
  const query = text.indexOf('?');
  if (query >= 0) yield text.slice(query + 1);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readText(variable: Variable<unknown>, env: NodeJS.ProcessEnv): string | undefined {
  try {
    return textOf(variable, env);
  } catch {
    return env[variable.name];
  }
}

function isFileOfKnown(name: string, known: ReadonlyMap<string, Variable<unknown>>): boolean {
  return known.get(name.replace(/_FILE$/, ''))?.isSecret === true;
}

/** Lines, and what stands between colons, dollars and blanks in them. */
function wordsIn(file: string | undefined): string[] {
  if (file === undefined) return [];
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => [line.trim(), ...line.split(/[:$\s]+/).slice(1)])
      .filter((word) => word.length >= 16);
  } catch {
    return [];
  }
}
