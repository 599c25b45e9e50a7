import { isIP } from 'node:net';

/** What a request says about where it comes from and whom it means: headers of HTTP, also of a WebSocket's handshake. */
export interface PageHeaders {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** Sec-Fetch-Site, -Mode and -Dest, which browsers send and pages cannot set. */
  readonly site: string | undefined;
  readonly mode: string | undefined;
  readonly dest: string | undefined;
}

export interface PagesAllowed {
  /** Host names by which clients reach this process, in lower case, besides addresses and localhost; `*`: any. */
  readonly hosts: readonly string[];
  /** Origins whose pages may ask, such as `https://dashboard.example`; `*`: all. */
  readonly origins: readonly string[];
}

export interface ForeignPage {
  readonly status: 403 | 421;
  readonly detail: string;
}

/**
 * Why a request is refused where no token is needed; undefined: it is let in. A browser on the same machine or network
 * asks on behalf of any page that it shows, so that an address that only neighbours reach is no border:
 *
 * - A page of another origin may not ask, unless it is listed. Browsers name the origin of every POST and WebSocket,
 *   and with Sec-Fetch-Site also of what they send without a preflight. A link to here may be followed.
 * - A name may lead to this address and still be somebody else's: their page then has the same origin as we. So the
 *   name has to be one of ours (RFC 9110 §7.4).
 */
export function foreignPage(headers: PageHeaders, allowed: PagesAllowed): ForeignPage | undefined {
  const { host, origin } = headers;
  if (host !== undefined && !isOurs(host, allowed.hosts))
    return {
      status: 421,
      detail: `the host ${shown(host)} is not known here: use an address, or list the name in HUMTEMP_PUBLIC_HOSTS`,
    };
  if (allowed.origins.includes('*')) return undefined;
  if (origin !== undefined && allowed.origins.includes(origin.toLowerCase())) return undefined;
  if (origin !== undefined && !isSameOrigin(origin, host))
    return {
      status: 403,
      detail: `pages of ${shown(origin)} may not ask: list the origin in HUMTEMP_API_CORS_ORIGINS`,
    };
  if (headers.site === 'cross-site' && !isFollowedLink(headers))
    return { status: 403, detail: 'pages of other sites may not ask' };
  return undefined;
}

/** Whether a Host, with its port, is an address, localhost, or one of these names. */
function isOurs(host: string, names: readonly string[]): boolean {
  const name = hostName(host);
  if (isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost')) return true;
  return names.includes('*') || names.includes(name);
}

/** The name of a Host, without port and brackets, in lower case. A dot at its end means the same name. */
function hostName(host: string): string {
  const name = host.startsWith('[') ? host.slice(1).split(']')[0]! : host.replace(/:\d*$/, '');
  return name.toLowerCase().replace(/\.$/, '');
}

/** Whatever the scheme: something in front may end TLS. */
function isSameOrigin(origin: string, host: string | undefined): boolean {
  const match = /^https?:\/\/([^/]+)$/i.exec(origin);
  if (match === null || host === undefined) return false;
  return withoutDefaultPort(match[1]!) === withoutDefaultPort(host);
}

function withoutDefaultPort(host: string): string {
  return host.toLowerCase().replace(/:(80|443)$/, '');
}

/** The page that asks is left for what is asked for: it cannot read it. */
function isFollowedLink({ method, mode, dest }: PageHeaders): boolean {
  return (method === 'GET' || method === 'HEAD') && mode === 'navigate' && dest === 'document';
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
