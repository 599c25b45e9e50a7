import { isIP } from 'node:net';
import { topologyOf } from '@humtemp/bucket-core';

/**
 * A URL as messages may show it. What stands before an @ may be a password, also where it keeps the rest from
 * being a URL; and so may what stands in place of a port, and a query.
 */
export function withoutPassword(text: string): string {
  return text
    .split(/,(?=rediss?:\/\/)/)
    .map(hidePassword)
    .join(',');
}

function hidePassword(text: string): string {
  const hidden = text.includes('@')
    ? text.replace(/^([a-z][\w+.-]*:\/\/)?([^:@/]*:)?.*@/is, '$1$2…@')
    : text.replace(/^([a-z][\w+.-]*:\/\/[^:/[]*:)(?!\d+(?:[/?#]|$)).*$/is, '$1…');
  return hidden.replace(/\?.*$/s, '?…');
}

const CREDENTIALS_EXPECTED =
  'user and password with %25 for %, %2F for /, %40 for @, %23 for #, %3F for ?, and UTF-8 behind other %';

/**
 * That user and password decode, and that nothing cuts them short: a character that they should have encoded
 * does, and leaves its @ behind the host.
 * @throws RangeError naming what was expected.
 */
function checkCredentials({ username, password, pathname, search, hash }: URL): void {
  const isCut = hash !== '' || (pathname + search).includes('@');
  if (isCut || !decodes(username) || !decodes(password)) throw new RangeError(CREDENTIALS_EXPECTED);
}

/** The same, for MQTT. @throws RangeError naming what was expected. */
export function checkMqttCredentials(parsed: URL): void {
  checkCredentials(parsed);
  // [MQTT-3.1.2-22]
  if (parsed.username === '' && parsed.password !== '')
    throw new RangeError('a user in front of the password');
}

/** A URL of one of these protocols, with a host. */
function parseUrl(value: string, protocols: readonly string[]): URL {
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  if (
    parsed === undefined &&
    value.includes('@') &&
    protocols.some((protocol) => value.startsWith(`${protocol}//`))
  )
    throw new RangeError(CREDENTIALS_EXPECTED);
  if (parsed === undefined || !protocols.includes(parsed.protocol) || parsed.hostname === '')
    throw new RangeError(
      `a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    );
  if (parsed.port === '0') throw new RangeError('a port from 1 to 65535');
  return parsed;
}

/** `mqtt://` or `mqtts://`. @throws RangeError naming what was expected. */
export function mqttUrl(value: string): string {
  const parsed = parseUrl(value, ['mqtt:', 'mqtts:']);
  checkMqttCredentials(parsed);
  if (!decodes(parsed.href)) throw new RangeError('UTF-8 behind each %');
  return parsed.href;
}

/** Where one URL of a list ends and the next begins; a password may hold a comma. */
const NEXT_URL = /,\s*(?=[a-z]+:\/\/)/i;

/** A comma-separated list of brokers, each once. @throws RangeError naming what was expected. */
export function mqttUrls(value: string): readonly string[] {
  const urls = value.split(NEXT_URL).map(mqttUrl);
  const hosts = urls.map((url) => new URL(url).host);
  if (hosts.some((host) => host.includes(',')))
    throw new RangeError('mqtt:// or mqtts:// in front of each host of the list');
  if (new Set(hosts).size < hosts.length) throw new RangeError('each broker once');
  return urls;
}

/** The URLs of a list as messages may show them. */
export function listWithoutPasswords(text: string): string {
  return text.split(NEXT_URL).map(withoutPassword).join(',');
}

/**
 * `redis://` or `rediss://`, with a database that the client does not take for another.
 * @throws RangeError
 */
function redisUrl(value: string): string {
  return oneRedisUrl(value, /^(\?family=[046])?$/, '?family=4 or ?family=6');
}

function oneRedisUrl(value: string, search: RegExp, searches: string): string {
  const parsed = parseUrl(value, ['redis:', 'rediss:']);
  checkCredentials(parsed);
  if (!/^(\/\d{0,5})?$/.test(parsed.pathname) || Number(parsed.pathname.slice(1)) > REDIS_DB_MAX)
    throw new RangeError(`the number of a database behind the host, from 0 to ${REDIS_DB_MAX}, or nothing`);
  // The client takes any of its options from the query; of these only one is of the address.
  if (!search.test(parsed.search)) throw new RangeError(`nothing behind the database, or ${searches}`);
  return parsed.href;
}

/**
 * One server, a comma-separated list of independent ones, or nodes of a cluster. @throws RangeError
 */
export function redisServers(value: string): string {
  if (/^rediss?\+sentinel:/i.test(value))
    throw new RangeError(
      'redis:// with a name or address that leads to the primary whoever that is: Sentinel itself is not asked',
    );
  const cluster = /^(rediss?)\+cluster:\/\/(.*@)?([^@]*)$/s.exec(value);
  if (cluster !== null) {
    const [, scheme, credentials = '', hosts = ''] = cluster;
    for (const host of hosts.split(',')) {
      const { pathname, search } = new URL(redisUrl(`${scheme}://${credentials}${host}`));
      if (pathname.length > 1 || search !== '')
        throw new RangeError('only hosts and ports, with commas between them; a cluster has no databases');
    }
    return value;
  }
  const servers = value.split(/,(?=rediss?:\/\/)/);
  const urls = servers.map((one) =>
    oneRedisUrl(
      one,
      /^(\?(family=[046]|name=[\w.-]{1,50})(&name=[\w.-]{1,50})?)?$/,
      '?name= with a name for the server',
    ),
  );
  const topology = topologyOf(urls.join(','));
  const names = topology.kind === 'servers' ? topology.servers.map(({ name }) => name) : [];
  if (new Set(names).size < names.length) throw new RangeError('each server once');
  return urls.join(',');
}

export const REDIS_DB_MAX = 10_000;

/** A host name or an address, as a URL writes it. @throws RangeError naming what was expected. */
export function urlHost(value: string): string {
  const host = value.trim().replace(/^\[(.*:.*)\]$/, '$1');
  // URLs have no zones.
  if (isIP(host) === 6 && !host.includes('%')) return `[${host}]`;
  if (!/^[\w.-]+$/.test(host)) throw new RangeError('a host name or an address, without port or user');
  return host;
}

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
