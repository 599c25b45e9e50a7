import { networkInterfaces } from 'node:os';

/** What `os.networkInterfaces` says, as far as it matters here. */
export type Interfaces = Readonly<
  Record<string, readonly { address: string; family: string; internal: boolean }[] | undefined>
>;

/**
 * A host that a browser or a sensor can connect to, where a listener is bound to `host`: somebody who listens
 * on all addresses is reached at one that other machines see.
 */
export function usableHost(host: string, interfaces: Interfaces = networkInterfaces()): string {
  const isAll = host === '0.0.0.0' || /^[0:]*$/.test(host);
  if (!isAll) return host;
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  const others = all.filter(
    ({ address, family, internal }) => !internal && !(family === 'IPv6' && /^fe[89ab]/i.test(address)),
  );
  const four = others.find(({ family }) => family === 'IPv4');
  const six = host === '0.0.0.0' ? undefined : others.find(({ family }) => family === 'IPv6');
  return (four ?? six)?.address ?? '127.0.0.1';
}

/** As a URL writes it. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
