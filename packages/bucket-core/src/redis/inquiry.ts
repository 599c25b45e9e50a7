import { type CommitCall, inquiryOf, sendCall } from './commit-call.js';
import type { Keys } from './keys.js';
import { isAboutValue, isElsewhere } from './redis-errors.js';
import type { RedisLink } from './redis-link.js';
import { isOn, type Servers } from './servers.js';
import { Unanswered } from './unanswered.js';

/** Asks servers what became of the calls that they did not answer. */
export class Inquiry {
  readonly unanswered = new Unanswered();

  /** @param process the name under which the store counts */
  constructor(
    readonly servers: Servers,
    readonly keys: Keys,
    readonly process: string,
  ) {}

  /**
   * Asks what became of the calls that had no answer, as far as they concern what this server has by now. Until all is said and
   * safe, none of it counts.
   */
  async askAgain(link: RedisLink): Promise<void> {
    const servers = this.servers;
    if (this.unanswered.calls.size === 0) return;
    const byKeeper = new Map<RedisLink, CommitCall[]>();
    for (const [call, sentTo] of this.unanswered.calls) {
      if (!this.#concerns(call, sentTo, link)) continue;
      const keeper = servers.recordsMove ? link : sentTo;
      const some = byKeeper.get(keeper);
      if (some === undefined) byKeeper.set(keeper, [call]);
      else some.push(call);
    }
    for (const [keeper, calls] of byKeeper) await this.#askKeeper(keeper, calls);
  }

  #concerns(call: CommitCall, sentTo: RedisLink, link: RedisLink): boolean {
    const servers = this.servers;
    if (servers.recordsMove) return isOn(servers, call.partition, link);
    // What was done before labs were moved must not be taken for duplicates where they are now.
    return sentTo === link || call.parts.some(({ state }) => isOn(servers, state.partition, link));
  }

  /** @param keeper has the records of these calls */
  async #askKeeper(keeper: RedisLink, calls: readonly CommitCall[]): Promise<void> {
    const { servers, keys, process } = this;
    const redis = keeper.writable();
    const { connection } = keeper.safe;
    const answers: ((number | Buffer)[] | undefined)[] = [];
    for (const call of calls)
      try {
        answers.push(await sendCall(redis, inquiryOf(call), process));
      } catch (error) {
        if (isElsewhere(error)) await servers.lookAgain();
        if (!isAboutValue(error)) throw error;
        answers.push(undefined);
      }
    await keeper.safe.confirmEarlier(connection, keys.probe(calls[0]!.partition));
    for (const [i, call] of calls.entries()) {
      const answer = answers[i];
      if (answer === undefined) this.unanswered.giveUp(call);
      else this.unanswered.answered(call, answer);
    }
  }
}
