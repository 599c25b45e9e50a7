import { Command, type Redis } from 'ioredis';

/**
 * MGET of keys that are all ASCII, as keys.ts spells them unless the prefix is another. It is sent as bytes that are made in one
 * go: the text that ioredis puts together of pieces costs a third of what asking for many keys costs.
 */
class Mget extends Command {
  readonly #keys: readonly string[];
  readonly #last: string | undefined;

  constructor(keys: readonly string[], last: string | undefined) {
    super('mget', [], { replyEncoding: null });
    this.#keys = keys;
    this.#last = last;
  }

  override toWritable(): Buffer {
    const count = this.#keys.length + (this.#last === undefined ? 1 : 2);
    let text = `*${count}\r\n$4\r\nMGET\r\n`;
    for (const key of this.#keys) text += `$${key.length}\r\n${key}\r\n`;
    if (this.#last !== undefined) text += `$${this.#last.length}\r\n${this.#last}\r\n`;
    return Buffer.from(text, 'latin1');
  }
}

/**
 * Values of keys, and behind them that of `last`, if there is one.
 * @param isAscii whether all of the keys are
 */
export async function mget(
  redis: Redis,
  keys: readonly string[],
  isAscii: boolean,
  last?: string,
): Promise<(Buffer | null)[]> {
  if (isAscii) return redis.sendCommand(new Mget(keys, last)) as Promise<(Buffer | null)[]>;
  return redis.mgetBuffer(last === undefined ? (keys as string[]) : [...keys, last]);
}
