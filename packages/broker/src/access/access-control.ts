import { FileAccess } from './file-access.js';

/** Who a client is. */
export interface ClientIdentity {
  readonly clientId: string;
  /** undefined: anonymous */
  readonly username: string | undefined;
}

/** Who may do what at the broker. */
export interface AccessControl {
  /**
   * Whether this user may connect. Passwords are verified with a bound on how many at a time (the work runs in libuv's
   * pool) and on how many wait; beyond it: 'busy'.
   */
  authenticate(
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<'accepted' | 'bad_credentials' | 'busy'>;
  /** Also whether its will may be published, when it is about to be. */
  mayPublish(client: ClientIdentity, topic: string): boolean;
  /** Whether a publish on this topic may be delivered to the client. */
  mayRead(client: ClientIdentity, topic: string): boolean;
  /** Whether a subscription is granted at all (SUBACK 0x80 if not). */
  maySubscribe(client: ClientIdentity, filter: string): boolean;
  /** Counts up at each reload, so that callers can cache answers. */
  readonly version: number;
  close(): void;
}

/** Access that files say, and may say anew. */
export interface ReloadableAccess extends AccessControl {
  /** Reads both files now, as after SIGHUP. What fails goes to onError, and what was there stays. */
  reload(): Promise<void>;
  /**
   * Whether a user that was accepted at that version would still be: false once its account is gone or has another
   * password. Mosquitto disconnects such clients when it reloads.
   */
  isCurrent(username: string | undefined, version: number): boolean;
}

/** Everybody may do everything; for loopback and where anonymous access is allowed. version stays 0. */
export const OPEN_ACCESS: AccessControl = {
  authenticate: async () => 'accepted',
  mayPublish: () => true,
  mayRead: () => true,
  maySubscribe: () => true,
  version: 0,
  close: () => {},
};

export interface AccessOptions {
  /** undefined only if aclFile is given and allowAnonymous */
  readonly passwordFile: string | undefined;
  readonly aclFile: string | undefined;
  readonly allowAnonymous: boolean;
  /** The lab that an observation topic names, undefined for other topics (TopicFilters.labOf). */
  readonly labOf: (topic: string) => string | undefined;
  readonly onReload: (what: { file: string; accounts?: number; rules?: number }) => void;
  readonly onError: (error: Error) => void;
}

/**
 * Access as Mosquitto's password_file and acl_file say it. Both are read again when they change.
 * @throws FileProblem (file, line number, what was expected) when a file cannot be read or understood at the start.
 * A reload that fails keeps what was there and calls onError.
 */
export function openAccess(options: AccessOptions): Promise<ReloadableAccess> {
  return FileAccess.open(options);
}
