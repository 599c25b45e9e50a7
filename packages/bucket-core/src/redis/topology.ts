/** One Redis or Valkey process. */
export interface ServerAddress {
  /** By this, partitions are spread; a server may move to another address and keep it. */
  readonly name: string;
  /** redis:// or rediss://, as Redis clients know it. */
  readonly url: string;
}

/** What HUMTEMP_REDIS_URL names: one server or several independent ones, or nodes by which a cluster is found. */
export type Topology =
  | { readonly kind: 'servers'; readonly servers: readonly ServerAddress[] }
  | { readonly kind: 'cluster'; readonly seeds: readonly ServerAddress[] };

const CLUSTER = /^(rediss?)\+cluster:\/\/(.*@)?([^@]*)$/s;

/**
 * Reads `redis://…`, a comma-separated list of those, or `redis+cluster://host:port,host:port`. With rediss instead of
 * redis over TLS.
 */
export function topologyOf(text: string): Topology {
  const cluster = CLUSTER.exec(text);
  if (cluster !== null) {
    const [, scheme, credentials = '', hosts = ''] = cluster;
    return {
      kind: 'cluster',
      seeds: hosts.split(',').map((host) => serverOf(`${scheme}://${credentials}${host}`)),
    };
  }
  // A password may have a comma.
  return { kind: 'servers', servers: text.split(/,(?=rediss?:\/\/)/).map(serverOf) };
}

function serverOf(text: string): ServerAddress {
  const url = new URL(text);
  const name = url.searchParams.get('name') ?? nameOf(url);
  url.searchParams.delete('name');
  return { name, url: url.href };
}

function nameOf({ hostname, port, pathname }: URL): string {
  const db = pathname.slice(1);
  return `${hostname}:${port === '' ? '6379' : port}${db === '' || db === '0' ? '' : `/${db}`}`;
}
