import { FileWatch, readTextFile } from '@humtemp/watched-files';
import type { AccessOptions, ClientIdentity, ReloadableAccess } from './access-control.js';
import { type AccessRules, ownLabRules } from './access-rules.js';
import { parseAclFile, rulesOf } from './acl-file.js';
import { AclRules } from './acl-rules.js';
import { type Accounts, parsePasswordFile } from './password-file.js';
import { PasswordVerifier } from './password-verifier.js';

const LOOK_EVERY_MS = 1000;
const FILE_BYTES_MAX = 16 * 1024 * 1024;

/** Access that a password_file and an acl_file say. */
export class FileAccess implements ReloadableAccess {
  #version = 0;
  #accounts: Accounts | undefined;
  #verifier: PasswordVerifier | undefined;
  #rules: AccessRules;
  /** Since which version an account is as it is now, or gone, where that is not since the start. */
  readonly #changed = new Map<string, number>();
  readonly #watch: FileWatch;

  private constructor(readonly options: AccessOptions) {
    const { passwordFile, aclFile, labOf, onError } = options;
    this.#rules = ownLabRules(labOf);
    const file = (path: string | undefined, load: (path: string) => Promise<void>) =>
      path === undefined ? [] : [{ paths: [path], load: () => load(path), onError }];
    this.#watch = new FileWatch(
      [
        ...file(passwordFile, (path) => this.#reloadAccounts(path)),
        ...file(aclFile, (path) => this.#reloadRules(path)),
      ],
      LOOK_EVERY_MS,
    );
  }

  /** @throws FileProblem */
  static async open(options: AccessOptions): Promise<FileAccess> {
    const { passwordFile, aclFile, allowAnonymous } = options;
    if (passwordFile === undefined && (aclFile === undefined || !allowAnonymous))
      throw new Error('without a password file there has to be an acl file and anonymous access');
    const access = new FileAccess(options);
    await access.#watch.start();
    try {
      if (passwordFile !== undefined) access.#useAccounts(await readAccounts(passwordFile));
      if (aclFile !== undefined) access.#rules = new AclRules(await readRules(aclFile));
    } catch (error) {
      access.close();
      throw error;
    }
    return access;
  }

  get version(): number {
    return this.#version;
  }

  async authenticate(
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<'accepted' | 'bad_credentials' | 'busy'> {
    // Mosquitto lets anybody in, under any name, where it has no password_file and may let anybody in.
    if (this.#verifier === undefined) return 'accepted';
    if (isAnonymous(username)) return this.options.allowAnonymous ? 'accepted' : 'bad_credentials';
    return this.#verifier.verify(username, password);
  }

  mayPublish(client: ClientIdentity, topic: string): boolean {
    return this.#isKnown(client) && this.#rules.mayPublish(namedOrAnonymous(client), topic);
  }

  mayRead(client: ClientIdentity, topic: string): boolean {
    return this.#isKnown(client) && this.#rules.mayRead(namedOrAnonymous(client), topic);
  }

  maySubscribe(client: ClientIdentity, filter: string): boolean {
    return this.#isKnown(client) && this.#rules.maySubscribe(namedOrAnonymous(client), filter);
  }

  isCurrent(username: string | undefined, version: number): boolean {
    return isAnonymous(username) || (this.#changed.get(username) ?? 0) <= version;
  }

  reload(): Promise<void> {
    return this.#watch.loadAll();
  }

  close(): void {
    this.#watch.stop();
  }

  /** An account that was deleted has no rights, even if its connection is still there. */
  #isKnown({ username }: ClientIdentity): boolean {
    return this.#accounts === undefined || isAnonymous(username) || this.#accounts.has(username);
  }

  async #reloadAccounts(file: string): Promise<void> {
    const accounts = await readAccounts(file);
    this.#version++;
    for (const [username, { text }] of this.#accounts ?? [])
      if (accounts.get(username)?.text !== text) this.#changed.set(username, this.#version);
    this.#useAccounts(accounts);
    this.options.onReload({ file, accounts: accounts.size });
  }

  async #reloadRules(file: string): Promise<void> {
    const acl = await readRules(file);
    this.#version++;
    this.#rules = new AclRules(acl);
    this.options.onReload({ file, rules: rulesOf(acl) });
  }

  #useAccounts(accounts: Accounts): void {
    this.#accounts = accounts;
    if (this.#verifier === undefined) this.#verifier = new PasswordVerifier(accounts);
    else this.#verifier.replaceAccounts(accounts);
  }
}

async function readAccounts(file: string) {
  return parsePasswordFile(await readTextFile(file, FILE_BYTES_MAX), file);
}

async function readRules(file: string) {
  return parseAclFile(await readTextFile(file, FILE_BYTES_MAX), file);
}

/** Mosquitto takes an empty username for none. */
function isAnonymous(username: string | undefined): username is undefined | '' {
  return username === undefined || username === '';
}

function namedOrAnonymous(client: ClientIdentity): ClientIdentity {
  return client.username === '' ? { clientId: client.clientId, username: undefined } : client;
}
