import type { Levels } from '@humtemp/bucket-core';
import { FileProblem, significantLines, trimmed } from '@humtemp/watched-files';
import { aclFilterLevels } from './topic-match.js';

export type Access = 'read' | 'write' | 'readwrite' | 'deny';

/** `topic [read|write|readwrite|deny] FILTER` */
export interface TopicRule {
  readonly access: Access;
  readonly filter: Levels;
}

/** `pattern [read|write|readwrite|deny] FILTER`, where %u stands for the username and %c for the client id. */
export interface PatternRule {
  readonly access: Access;
  readonly pattern: string;
}

/** The rules of an acl_file. */
export interface AclFile {
  /** Of the lines below a `user` line, by its name; undefined: of those above the first, for anonymous clients. */
  readonly topics: ReadonlyMap<string | undefined, readonly TopicRule[]>;
  readonly patterns: readonly PatternRule[];
}

/**
 * Reads an acl_file as Mosquitto 2.0 does (security_default.c): words are separated by spaces, not tabs; what follows
 * the access is the topic, spaces included.
 * @throws FileProblem where Mosquitto would refuse to start.
 */
export function parseAclFile(content: string, file: string): AclFile {
  const topics = new Map<string | undefined, TopicRule[]>();
  const patterns: PatternRule[] = [];
  let user: string | undefined;
  for (const { number, text } of significantLines(content, file)) {
    const fail = (expected: string) => new FileProblem(file, number, `expected ${expected}`);
    const [keyword, rest] = firstWord(text);
    if (keyword === 'user') {
      user = trimmed(rest);
      if (user === '') throw fail('a username behind user');
    } else if (keyword === 'topic' || keyword === 'pattern') {
      const [word, afterWord] = firstWord(rest);
      const topic = afterWord === '' ? word : trimmed(afterWord);
      const access = afterWord === '' ? 'readwrite' : word;
      if (!isAccess(access)) throw fail('read, write, readwrite, deny, or nothing, in front of the topic');
      const filter = aclFilterLevels(topic);
      if (filter === undefined)
        throw fail('a topic, in which + and # stand for whole levels and # is the last');
      if (keyword === 'pattern') patterns.push({ access, pattern: topic });
      else {
        const rules = topics.get(user);
        if (rules === undefined) topics.set(user, [{ access, filter }]);
        else rules.push({ access, filter });
      }
    } else throw fail('a line that starts with user, topic, pattern or #');
  }
  return { topics, patterns };
}

export function rulesOf({ topics, patterns }: AclFile): number {
  return [...topics.values()].reduce((sum, rules) => sum + rules.length, patterns.length);
}

/** The first word, after spaces; and what follows the space behind it. */
function firstWord(text: string): readonly [string, string] {
  const start = text.search(/[^ ]|$/);
  const end = text.indexOf(' ', start);
  return end === -1 ? [text.slice(start), ''] : [text.slice(start, end), text.slice(end + 1)];
}

function isAccess(word: string): word is Access {
  return word === 'read' || word === 'write' || word === 'readwrite' || word === 'deny';
}
