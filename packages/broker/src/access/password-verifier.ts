import { createHmac, randomBytes } from 'node:crypto';
import type { Accounts } from './password-file.js';
import { ITERATIONS_DEFAULT, type PasswordHash, parsePasswordHash, verifyPassword } from './password-hash.js';

/** Two of the four threads of libuv's pool: the others are left to files and the store. */
const VERIFYING_MAX = 2;
/** The last of them waits 2 s on two quiet cores, and a client has 10 s to connect. */
const WAITING_MAX = 500;
const REMEMBERED_MAX = 50_000;
const REMEMBER_MS = 3_600_000;

/**
 * Verifies passwords, a bounded number at a time. A sensor that reconnects is not made to pay again: for an hour,
 * user, password and hash that belong together are remembered as an HMAC under a key of this process.
 */
export class PasswordVerifier {
  readonly #key = randomBytes(32);
  #accounts: Accounts;
  /** What unknown users are verified against. */
  #decoys: readonly PasswordHash[] = [];
  /** When each is forgotten, by HMAC; the oldest first. */
  readonly #remembered = new Map<string, number>();
  readonly #waiting: (() => void)[] = [];
  #verifying = 0;

  /** @param nowMs a clock that does not go back. */
  constructor(
    accounts: Accounts,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.#accounts = accounts;
    this.replaceAccounts(accounts);
  }

  /** From now on these accounts count, also for the verifications under way. */
  replaceAccounts(accounts: Accounts): void {
    this.#accounts = accounts;
    this.#decoys = accounts.size === 0 ? [DECOY] : [...accounts.values()];
    this.#remembered.clear();
  }

  async verify(
    username: string,
    password: Buffer | undefined,
  ): Promise<'accepted' | 'bad_credentials' | 'busy'> {
    if (password === undefined || password.length === 0) return 'bad_credentials';
    const text = upToNul(password);
    if (this.#remembers(this.#hmac(username, this.#hashFor(username), text))) return 'accepted';

    if (this.#verifying < VERIFYING_MAX) this.#verifying++;
    else if (this.#waiting.length === WAITING_MAX) return 'busy';
    // Whoever is through hands its place on.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const hash = this.#hashFor(username);
    let matches: boolean;
    try {
      matches = await verifyPassword(text, hash);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#verifying--;
      else next();
    }

    // A decoy is nobody's; and the account may have been changed meanwhile.
    if (!matches || this.#accounts.get(username)?.text !== hash.text) return 'bad_credentials';
    this.#remember(this.#hmac(username, hash, text));
    return 'accepted';
  }

  /** Of an unknown user a decoy: it costs as much as some known user, and always as much as the same one. */
  #hashFor(username: string): PasswordHash {
    const account = this.#accounts.get(username);
    const number = createHmac('sha256', this.#key).update(username).digest().readUInt32BE();
    return account ?? this.#decoys[number % this.#decoys.length]!;
  }

  #hmac(username: string, hash: PasswordHash, password: Buffer): string {
    // Neither a username nor a hash has a colon.
    return createHmac('sha256', this.#key)
      .update(`${username}:${hash.text}:`)
      .update(password)
      .digest('base64');
  }

  #remembers(name: string): boolean {
    return (this.#remembered.get(name) ?? 0) > this.nowMs();
  }

  #remember(name: string): void {
    this.#remembered.delete(name);
    const oldest = this.#remembered.keys().next();
    if (this.#remembered.size >= REMEMBERED_MAX && !oldest.done) this.#remembered.delete(oldest.value);
    this.#remembered.set(name, this.nowMs() + REMEMBER_MS);
  }
}

/** Mosquitto takes a password as a C string. Sensors that send the NUL of theirs along get in. */
function upToNul(password: Buffer): Buffer {
  const end = password.indexOf(0);
  return end === -1 ? password : password.subarray(0, end);
}

const DECOY = parsePasswordHash(`$7$${ITERATIONS_DEFAULT}$${'A'.repeat(16)}$${'A'.repeat(86)}==`)!;
