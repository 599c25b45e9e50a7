import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

/** For mqtts://, in PEM; asked at each connection. */
export interface TransportSecurity {
  /** The authorities to trust, instead of the system's. */
  readonly ca?: () => Buffer;
  /** What we show to a broker that asks for a certificate. */
  readonly certificate?: () => { readonly cert: Buffer; readonly key: Buffer };
}

export interface TransportOptions extends TransportSecurity {
  /** mqtt:// or mqtts://. */
  readonly url: string;
}

/** Opens the connection to a broker; writing may begin at once. */
export function openTransport({ url, ca, certificate }: TransportOptions): Socket | TLSSocket {
  const { protocol, hostname, port } = new URL(url);
  // IPv6 addresses stand in brackets in a URL.
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol !== 'mqtts:') return connectTcp({ host, port: Number(port || 1883), noDelay: true });
  // A server name must not be an address (RFC 6066, 3); the certificate is checked against the address all
  // the same.
  const servername = isIP(host) === 0 ? host : '';
  const security = { ...(ca && { ca: ca() }), ...certificate?.() };
  const socket = connectTls({ host, port: Number(port || 8883), servername, ...security });
  socket.setNoDelay(true);
  return socket;
}

/** User and password of a URL, decoded. */
export function credentialsOf(url: string): { username?: string; password?: string } {
  const { username, password } = new URL(url);
  return {
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
  };
}

/** The URL as logs may show it. */
export function withoutPassword(url: string): string {
  const parsed = new URL(url);
  if (parsed.password !== '') parsed.password = '…';
  return decodeURI(parsed.toString());
}
