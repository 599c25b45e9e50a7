import { type Levels, matchesTopic } from '@humtemp/bucket-core';
import type { ClientIdentity } from './access-control.js';
import type { AccessRules } from './access-rules.js';
import type { Access, AclFile, PatternRule, TopicRule } from './acl-file.js';

/**
 * The rules of an acl_file, with the answers of Mosquitto 2.0 (mosquitto_acl_check):
 *
 * 1. The topic lines of the client's user, or those of anonymous clients. A deny that matches refuses, wherever it
 *    stands; else a line that matches and has the access allows.
 * 2. The pattern lines, for everybody, in the same way. Those with %u pass over anonymous clients.
 * 3. Refused.
 *
 * A subscription is always granted: what may not be read is not delivered.
 */
export class AclRules implements AccessRules {
  readonly #topics: AclFile['topics'];
  readonly #patterns: AclFile['patterns'];

  constructor({ topics, patterns }: AclFile) {
    this.#topics = new Map([...topics].map(([user, rules]) => [user, deniesFirst(rules)]));
    this.#patterns = deniesFirst(patterns);
  }

  mayPublish(client: ClientIdentity, topic: string): boolean {
    // $SYS is the broker's own, but for the state of bridges.
    if (topic.startsWith('$SYS') && !/^\$SYS\/broker\/connection\/[^/]*\/state$/.test(topic)) return false;
    return this.#may('write', client, topic);
  }

  mayRead(client: ClientIdentity, topic: string): boolean {
    return this.#may('read', client, topic);
  }

  maySubscribe(): boolean {
    return true;
  }

  #may(access: 'read' | 'write', client: ClientIdentity, topic: string): boolean {
    if (topic === '' || topic.startsWith('$share')) return false;
    const levels = topic.split('/');
    const own = this.#topics.get(client.username) ?? [];
    return (
      decision(own, access, levels, filterOf) ??
      // A username or client id with wildcards could stand for other clients.
      (!hasWildcard(client) &&
        (decision(this.#patterns, access, levels, (rule) => patternLevels(rule, client)) ?? false))
    );
  }
}

/** What the first rule that matches and says something about the access says; undefined: none does. */
function decision<Rule extends { readonly access: Access }>(
  rules: readonly Rule[],
  access: 'read' | 'write',
  topic: readonly string[],
  filter: (rule: Rule) => Levels | undefined,
): boolean | undefined {
  for (const rule of rules) {
    if (rule.access !== 'deny' && rule.access !== 'readwrite' && rule.access !== access) continue;
    const levels = filter(rule);
    if (levels !== undefined && matchesTopic(levels, topic)) return rule.access !== 'deny';
  }
  return undefined;
}

function deniesFirst<Rule extends { readonly access: Access }>(rules: readonly Rule[]): readonly Rule[] {
  return [
    ...rules.filter(({ access }) => access === 'deny'),
    ...rules.filter(({ access }) => access !== 'deny'),
  ];
}

function filterOf(rule: TopicRule): Levels {
  return rule.filter;
}

/** The filter that a pattern is for a client; undefined if it names a user and there is none. */
function patternLevels({ pattern }: PatternRule, { clientId, username }: ClientIdentity) {
  if (username === undefined && pattern.includes('%u')) return undefined;
  return pattern.replace(/%[uc]/g, (place) => (place === '%c' ? clientId : username!)).split('/');
}

function hasWildcard({ clientId, username }: ClientIdentity): boolean {
  return /[+#]/.test(clientId) || (username !== undefined && /[+#]/.test(username));
}
