import { isIPv4 } from 'node:net';

/** One line of the message about a bad configuration. */
export function problem(name: string, value: string, expected: string): string {
  return `${name}=${value}: expected ${expected}`;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
