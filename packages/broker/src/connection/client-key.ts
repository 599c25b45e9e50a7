/** Stands between the account and the client id. Neither can have it [MQTT-1.5.3-2]. */
const BETWEEN = '\0';

/**
 * What a session is named for: the client id, and the account of those who have one. The same client id of another
 * account names another session.
 */
export function clientKey(username: string | undefined, clientId: string): string {
  return username === undefined || username === '' ? clientId : `${username}${BETWEEN}${clientId}`;
}

/** The client id that a client gave, or was given. */
export function clientIdOf(key: string): string {
  return key.slice(key.indexOf(BETWEEN) + 1);
}
