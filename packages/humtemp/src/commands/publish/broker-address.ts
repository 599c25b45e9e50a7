import type { IClientOptions } from 'mqtt';
import { checkMqttCredentials } from '../../config/url.js';

const DEFAULT_PORT: Readonly<Record<string, number>> = {
  'mqtt:': 1883,
  'mqtts:': 8883,
  'ws:': 80,
  'wss:': 443,
};

/** Where a broker is, and who we are there. */
export interface BrokerAddress {
  /** The URL without user and password, as messages may show it. */
  readonly name: string;
  /** The part of mqtt.js' options that the URL decides. */
  readonly connection: IClientOptions;
}

/**
 * Reads `mqtt://`, `mqtts://`, `ws://` or `wss://` with host and, if needed, port, user and password. mqtt.js
 * would read it with url.parse, which leaves IPv6 brackets and takes a colon in a password for its end.
 * @throws RangeError naming what was expected.
 */
export function brokerAddress(url: string): BrokerAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const port = parsed && DEFAULT_PORT[parsed.protocol];
  if (parsed === undefined || port === undefined || parsed.hostname === '')
    throw new RangeError('mqtt://, mqtts://, ws:// or wss:// with a host, such as mqtt://127.0.0.1:1883');
  if (parsed.port === '0') throw new RangeError('a port from 1 to 65535');
  checkMqttCredentials(parsed);
  const protocol = parsed.protocol.slice(0, -1) as 'mqtt' | 'mqtts' | 'ws' | 'wss';
  const web = protocol === 'ws' || protocol === 'wss';
  return {
    name: `${protocol}://${parsed.host}${web ? parsed.pathname : ''}`,
    connection: {
      protocol,
      // The WebSocket client needs the brackets of an IPv6 address, the socket must not have them.
      hostname: web ? parsed.hostname : parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: parsed.port === '' ? port : Number(parsed.port),
      ...(web ? { path: parsed.pathname + parsed.search } : {}),
      ...(parsed.username === '' ? {} : { username: decodeURIComponent(parsed.username) }),
      ...(parsed.password === '' ? {} : { password: decodeURIComponent(parsed.password) }),
    },
  };
}
