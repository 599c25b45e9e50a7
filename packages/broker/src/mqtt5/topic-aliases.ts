import type { Budget } from '../budgets/budget.js';
import { PacketError } from '../client/packet-error.js';
import { ReasonCode } from './reason-code.js';

/** Topics that a client may give a number at a time. */
export const TOPIC_ALIAS_MAX = 100;

/** What an alias takes besides its topic. */
const OVERHEAD_BYTES = 100;

/** The numbers that a client has given to topics, for its connection (3.3.2.3.4). */
export class TopicAliases {
  #topics: Map<number, string> | undefined;
  #bytes = 0;

  constructor(
    readonly budget: Budget,
    readonly owner: string,
  ) {}

  /** The topic of a publish. @throws PacketError */
  resolve(topic: string, alias: number | undefined): string {
    if (alias === undefined) {
      if (topic === '') throw new PacketError(ReasonCode.protocolError, 'a publish without a topic');
      return topic;
    }
    if (alias === 0 || alias > TOPIC_ALIAS_MAX)
      throw new PacketError(
        ReasonCode.topicAliasInvalid,
        `a topic alias that is not 1 to ${TOPIC_ALIAS_MAX}`,
      );
    if (topic !== '') this.#set(alias, topic);
    const known = this.#topics?.get(alias);
    if (known === undefined)
      throw new PacketError(ReasonCode.protocolError, 'a topic alias that was given no topic');
    return known;
  }

  clear(): void {
    this.budget.give(this.owner, this.#bytes);
    this.#bytes = 0;
    this.#topics = undefined;
  }

  #set(alias: number, topic: string): void {
    this.#topics ??= new Map();
    const before = this.#topics.get(alias);
    if (before === topic) return;
    const more = costOf(topic) - (before === undefined ? 0 : costOf(before));
    if (more > 0 && !this.budget.take(this.owner, more))
      throw new PacketError(ReasonCode.quotaExceeded, 'no room for more topic aliases');
    if (more < 0) this.budget.give(this.owner, -more);
    this.#bytes += more;
    this.#topics.set(alias, topic);
  }
}

function costOf(topic: string): number {
  return OVERHEAD_BYTES + 2 * topic.length;
}
