import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

/** Of an IPv6 address: a single client has a whole network of them. */
const IPV6_GROUPS = 4;

/** Tells clients apart: by their tokens, or where none are needed by their addresses. */
export function clientOf(c: Context): string | undefined {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  const name = c.get('scope').name;
  return name === undefined ? addressOf(incoming?.socket.remoteAddress) : `token ${name}`;
}

/** An address as shares are counted by it: an IPv4 address, or the /64 network of an IPv6 address. */
export function addressOf(remoteAddress: string | undefined): string | undefined {
  if (remoteAddress === undefined) return undefined;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remoteAddress);
  if (mapped !== null) return mapped[1];
  if (!remoteAddress.includes(':')) return remoteAddress;
  const [head = '', tail] = remoteAddress.split('%')[0]!.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    while (groups.length + after.length < 8) groups.push('0');
    groups.push(...after);
  }
  return `${groups.slice(0, IPV6_GROUPS).join(':')}::/64`;
}
