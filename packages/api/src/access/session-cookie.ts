/** The cookie that a browser brings in place of `Authorization`. */
const NAME = 'humtemp_session';
/** A wall display is not to be signed in again for half a year; the token itself may expire before. */
const MAX_AGE_S = 180 * 86_400;
/** No script can read it, and no page of another site can have it sent. */
const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';

/** The token in a Cookie header; undefined where there is none. */
export function sessionToken(cookie: string | undefined): string | undefined {
  for (const pair of cookie?.split(';') ?? []) {
    const [name, ...value] = pair.trim().split('=');
    if (name === NAME) return value.join('=');
  }
  return undefined;
}

/** The Set-Cookie that begins a session. `isSecure`: the page came over https, and the cookie is for nothing else. */
export function beginSession(token: string, isSecure: boolean): string {
  return `${NAME}=${token}; Max-Age=${MAX_AGE_S}; ${ATTRIBUTES}${isSecure ? '; Secure' : ''}`;
}

/** The Set-Cookie that ends one. */
export function endSession(): string {
  return `${NAME}=; Max-Age=0; ${ATTRIBUTES}`;
}
