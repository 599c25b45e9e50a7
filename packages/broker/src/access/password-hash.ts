import { createHash, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const pbkdf2Async = promisify(pbkdf2);

/** What mosquitto_passwd of Mosquitto 2.0 takes unless told otherwise; fewer are refused when hashes are made. */
export const ITERATIONS_MIN = 101;
export const ITERATIONS_MAX = 1_000_000;
/** About 8 ms on one core of a small server: a sensor pays it at its first connection after a restart. */
export const ITERATIONS_DEFAULT = 20_000;

/** Of Mosquitto 2.0. 2.1 writes 64. */
const SALT_BYTES = 12;
const SALT_BYTES_MIN = 8;
const SALT_BYTES_MAX = 64;
const HASH_BYTES = 64;

/**
 * What stands behind the username in a password_file of Mosquitto 2.0 or 2.1, salt and hash in base64:
 *
 *     $7$ITERATIONS$SALT$HASH   PBKDF2-HMAC-SHA512
 *     $6$SALT$HASH              SHA-512 of password and salt, as Mosquitto 1.6 wrote it
 */
export interface PasswordHash {
  /** As it stands in the file. */
  readonly text: string;
  /** Of PBKDF2; undefined: $6$. */
  readonly iterations: number | undefined;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Undefined for anything that is not one of the two forms. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const match = /^\$(?:6|7\$([1-9]\d{0,6}))\$([A-Za-z0-9+/]{11,88}={0,2})\$([A-Za-z0-9+/]{86}==)$/.exec(text);
  if (match === null) return undefined;
  const iterations = match[1] === undefined ? undefined : Number(match[1]);
  if (iterations !== undefined && iterations > ITERATIONS_MAX) return undefined;
  const salt = Buffer.from(match[2]!, 'base64');
  if (salt.length < SALT_BYTES_MIN || salt.length > SALT_BYTES_MAX) return undefined;
  // Base64 as it is written, with its padding.
  if (salt.toString('base64') !== match[2]) return undefined;
  return { text, iterations, salt, hash: Buffer.from(match[3]!, 'base64') };
}

/** What a hash is that is not understood here, if it can be said; undefined: no known form. */
export function foreignHash(text: string): string | undefined {
  const kind = /^\$(argon2(?:id|i|d))\$/.exec(text)?.[1];
  return kind === undefined ? undefined : `a hash of ${kind[0]!.toUpperCase()}${kind.slice(1)}`;
}

/** A new $7$ hash of a password, with a random salt. */
export async function hashPassword(
  password: Buffer,
  iterations: number = ITERATIONS_DEFAULT,
): Promise<PasswordHash> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await pbkdf2Async(password, salt, iterations, HASH_BYTES, 'sha512');
  const text = `$7$${iterations}$${salt.toString('base64')}$${hash.toString('base64')}`;
  return { text, iterations, salt, hash };
}

/** Compares in constant time. PBKDF2 runs in libuv's pool. */
export async function verifyPassword(password: Buffer, expected: PasswordHash): Promise<boolean> {
  const { iterations, salt, hash } = expected;
  const actual =
    iterations === undefined
      ? createHash('sha512').update(password).update(salt).digest()
      : await pbkdf2Async(password, salt, iterations, HASH_BYTES, 'sha512');
  return timingSafeEqual(actual, hash);
}
