import type { ClientIdentity } from './access-control.js';

/** Who may do what, as AccessControl says it. A username is never empty. */
export interface AccessRules {
  mayPublish(client: ClientIdentity, topic: string): boolean;
  mayRead(client: ClientIdentity, topic: string): boolean;
  maySubscribe(client: ClientIdentity, filter: string): boolean;
}

/** Without an acl_file: an account is a lab, and its observation topics are all it may use. */
export function ownLabRules(labOf: (topic: string) => string | undefined): AccessRules {
  const isOwn = ({ username }: ClientIdentity, topic: string) =>
    username !== undefined && labOf(topic) === username;
  // A filter with wildcards names no lab.
  return { mayPublish: isOwn, mayRead: isOwn, maySubscribe: isOwn };
}
