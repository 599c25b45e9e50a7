import { at, countExisting, type Side, valuesOfEach, writeAt } from './asking.js';
import type { Faults } from './faults.js';
import { fenceArguments, type Servers } from './servers.js';

/** How long a value that was set aside is kept, in seconds. */
export const ASIDE_KEPT_S = 7 * 86_400;

export const OTHER_TYPE = 'it is of another type';

/** What a value is that is no string. */
export const WRONG_TYPE = Buffer.alloc(0);

/** Sets unreadable values aside, so that their lab can go on without them. */
export class SetAside {
  constructor(
    readonly servers: Servers,
    readonly faults: Faults,
  ) {}

  /**
   * Sets a value aside, unless it is another by now.
   * @param value as it was read, or WRONG_TYPE
   * @param instead of a head: what is put in its place, until `expiryS`
   */
  async value(
    key: string,
    value: Buffer,
    reason: string,
    lab: string | undefined,
    instead: Buffer = WRONG_TYPE,
    expiryS = 0,
  ): Promise<void> {
    this.faults.report(key, reason, lab);
    const { keys } = this.servers;
    await writeAt(this.servers, keys.placeOf(key), (redis, fence) => {
      const how = [value, ASIDE_KEPT_S, instead, expiryS, ...fenceArguments(fence)];
      const named = [key, keys.aside(key), ...(instead.length > 0 ? [keys.late(keys.placeOf(key))] : [])];
      return redis.humtemp_aside(named.length, ...named, ...how);
    });
  }

  /** Sets aside whatever a key of a list, hash or set holds instead. */
  async ofOtherType(key: string): Promise<void> {
    this.faults.report(key, OTHER_TYPE);
    const { keys } = this.servers;
    await at(this.servers, 'commits', keys.placeOf(key), (redis) =>
      redis.pipeline().rename(key, keys.aside(key)).expire(keys.aside(key), ASIDE_KEPT_S).exec(),
    );
  }

  /** Of these keys, which had no value as strings, sets aside those that hold something of another type. */
  async ofWrongType(keys: readonly string[], labOf: (key: string) => string | undefined): Promise<void> {
    for (const key of await wrongTyped(this.servers, 'commits', keys))
      await this.value(key, WRONG_TYPE, OTHER_TYPE, labOf(key));
  }
}

/** Of keys that MGET gave nothing for, those that exist: MGET is silent about values of other types. */
export async function wrongTyped(servers: Servers, side: Side, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0 || (await countExisting(servers, side, keys)) === 0) return [];
  const types = await valuesOfEach(
    servers,
    side,
    keys,
    (key) => servers.keys.placeOf(key),
    (pipeline, key) => pipeline.type(key),
  );
  return keys.filter((_, i) => types[i] !== 'none' && types[i] !== 'string');
}
