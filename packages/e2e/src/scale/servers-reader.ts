import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { RedisStore } from '@humtemp/bucket-core/redis';
import { DEFAULT_GRID } from '../default-grid.js';
import { countedByLab } from '../oracle.js';

/**
 * Asks for all buckets all the time, of the store and over HTTP, and holds each answer against the ones before: no lab is missing
 * that was there, and none has fewer observations.
 */
export class ServersReader {
  readings = 0;
  /** Readings that were refused as a whole. */
  refused = 0;
  readonly #counted = new Map<string, number>();
  #isOver = false;

  constructor(
    readonly store: RedisStore,
    readonly baseUrl: string,
    /** Between two readings. */
    readonly pauseMs = 1,
  ) {}

  async stop(): Promise<void> {
    this.#isOver = true;
  }

  /** @throws AssertionError when a bucket was invisible */
  async run(): Promise<void> {
    await Promise.all([this.#readStore(), this.#readApi()]);
  }

  async #readStore(): Promise<void> {
    const [primary] = DEFAULT_GRID.resolutions;
    while (!this.#isOver) {
      const counted = await countedByLab(this.store, primary!).catch(() => undefined);
      if (counted === undefined) {
        this.refused += 1;
        // A refusal comes at once where a server is known to be away.
        await pause(20);
        continue;
      }
      for (const [lab, before] of this.#counted) {
        const observations = counted.get(lab)?.observations ?? 0;
        assert.ok(observations >= before, `${lab} has ${observations} observations after ${before}`);
      }
      for (const [lab, { observations }] of counted) this.#counted.set(lab, observations);
      this.readings += 1;
      await pause(this.pauseMs);
    }
  }

  async #readApi(): Promise<void> {
    let most = 0;
    while (!this.#isOver) {
      const response = await fetch(`${this.baseUrl}/labs?limit=1000`);
      const body = (await response.json()) as { labs?: readonly unknown[] };
      if (response.status !== 200 || body.labs === undefined) this.refused += 1;
      else {
        assert.ok(body.labs.length >= most, `${body.labs.length} labs after ${most}`);
        most = body.labs.length;
        this.readings += 1;
      }
      await pause(this.pauseMs);
    }
  }
}
