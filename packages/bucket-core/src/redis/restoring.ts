import { setTimeout as sleep } from 'node:timers/promises';
import { lastMs } from '../aggregate/aggregate.js';
import type { Resolution } from '../grid/bucket-grid.js';
import {
  beforeLooking,
  isSameAggregate,
  type PlacedBucket,
  type RestoreFate,
  type StoredBucket,
} from '../store/bucket-restore.js';
import { at, writeAt } from './asking.js';
import type { Folding } from './folding.js';
import type { Keys } from './keys.js';
import type { LabIndex } from './lab-index.js';
import type { LabState, LabStates } from './lab-states.js';
import { newestMs, packBase, parseHead } from './pages/head.js';
import type { PageGrid } from './pages/page-grid.js';
import { withRestored } from './pages/restore.js';
import { UnreadableValue } from './pages/unreadable-value.js';
import type { LabValues } from './reading/lab-values.js';
import { SeriesReading } from './reading/series-reading.js';
import { fenceArguments, type Servers } from './servers.js';

export interface RestoringParts {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly pages: PageGrid;
  readonly states: LabStates;
  readonly index: LabIndex;
  readonly values: LabValues;
  readonly folding: Folding;
  readonly labsMax: number;
}

/** Labs restored side by side. */
const LABS_AT_ONCE = 32;
/**
 * Others that commit to the same lab may fold it meanwhile: then it is read again, for so long. After some rounds with pauses, each
 * of another length, so that a round falls between two folds.
 */
const LAB_MS_MAX = 30_000;
const ROUNDS_AT_ONCE = 10;
const PAUSE_MS_MAX = 20;

/**
 * Puts buckets of other stores into heads and pages. As with a fold, the generation of the head decides: what was read to
 * see which buckets there are is still so when they are put.
 */
export class Restoring {
  constructor(readonly parts: RestoringParts) {}

  /** @see BucketRestore.restore */
  async restore(buckets: readonly StoredBucket[], nowMs: number): Promise<readonly RestoreFate[]> {
    const { index, pages, labsMax } = this.parts;
    const { fates, asked } = beforeLooking(buckets, pages.grid, nowMs);
    const byLab = new Map<string, PlacedBucket[]>();
    for (const bucket of asked) {
      const others = byLab.get(bucket.lab);
      if (others === undefined) byLab.set(bucket.lab, [bucket]);
      else others.push(bucket);
    }
    const refused = await index.refusedLabs(byLab.keys(), labsMax, nowMs);
    const labs = [...byLab];
    for (let i = 0; i < labs.length; i += LABS_AT_ONCE)
      await Promise.all(
        labs.slice(i, i + LABS_AT_ONCE).map(async ([lab, ofLab]) => {
          const found = refused.has(lab)
            ? ofLab.map((): RestoreFate => 'too_many_labs')
            : await this.#restoreLab(lab, ofLab, nowMs);
          for (const [j, { place }] of ofLab.entries()) fates[place] = found[j]!;
        }),
      );
    return fates as RestoreFate[];
  }

  async #restoreLab(lab: string, buckets: readonly PlacedBucket[], nowMs: number): Promise<RestoreFate[]> {
    const { servers, states, pages, folding } = this.parts;
    const state = states.of(lab);
    const restoredMs = Math.max(...buckets.map(({ aggregate }) => lastMs(aggregate)));
    const endMs = performance.now() + LAB_MS_MAX;
    for (let round = 0; performance.now() < endMs; round++) {
      if (round >= ROUNDS_AT_ONCE) await sleep(Math.random() * PAUSE_MS_MAX);
      const value = await at(servers, 'commits', state.partition, (redis) => redis.getBuffer(state.headKey));
      if (value === null) {
        await this.#begin(state, restoredMs);
        continue;
      }
      try {
        const head = parseHead(value);
        const fates = await this.#fates(lab, buckets, nowMs);
        const fresh = buckets.filter((_, i) => fates[i] === 'restored');
        let answer = 1;
        if (fresh.length > 0) {
          const folded = withRestored(value, head, fresh, pages, nowMs);
          const one = { state, plan: { head, value }, folded };
          answer = (await folding.write([one]))[0]!;
          if (answer <= -1000) throw new Error(`a page of lab ${lab} is full`);
          if (answer < 0) await folding.setPageAside(one, answer);
        }
        if (answer <= 0) continue;
        if (restoredMs >= newestMs(value)) await this.#begin(state, restoredMs);
        return fates;
      } catch (error) {
        if (!(error instanceof UnreadableValue)) throw error;
        await folding.repair(state, value, error.message, nowMs);
      }
    }
    throw new Error(`lab ${lab} is written too often for its buckets to be restored: try again`);
  }

  async #fates(lab: string, buckets: readonly PlacedBucket[], nowMs: number): Promise<RestoreFate[]> {
    const held = new Map<string, StoredBucket['aggregate']>();
    const { resolutions } = this.parts.pages.grid;
    const found = await Promise.all(resolutions.map((one) => this.#heldOf(lab, one, buckets, nowMs)));
    for (const [i, series] of found.entries()) {
      if (series === undefined) return buckets.map(() => 'unreadable');
      for (const { startS, aggregate } of series)
        held.set(`${resolutions[i]!.durationS} ${startS}`, aggregate);
    }
    return buckets.map(({ durationS, startS, aggregate }) => {
      const one = held.get(`${durationS} ${startS}`);
      if (one === undefined) return 'restored';
      return isSameAggregate(one, aggregate) ? 'present' : 'different';
    });
  }

  async #heldOf(lab: string, resolution: Resolution, buckets: readonly PlacedBucket[], nowMs: number) {
    const { durationS } = resolution;
    const starts = buckets.filter((one) => one.durationS === durationS).map(({ startS }) => startS);
    if (starts.length === 0) return [];
    const [fromS, toS] = [Math.min(...starts), Math.max(...starts) + durationS];
    const { values, pages } = this.parts;
    const [series] = await new SeriesReading(values, pages, resolution, fromS, toS, nowMs, true).of([lab]);
    return series;
  }

  /** The only caller of begin.lua. */
  async #begin({ lab, partition, headKey }: LabState, newest: number): Promise<void> {
    const { servers, keys, pages } = this.parts;
    const base = packBase(Math.floor(Math.random() * 2 ** 32), newest, []);
    const expiryS = pages.labExpiryS(pages.longestStartS(newest));
    const indexes = [keys.labs(partition), keys.names(partition)];
    await writeAt(servers, partition, (redis, fence) =>
      redis.humtemp_begin(3, headKey, ...indexes, base, expiryS, lab, ...fenceArguments(fence)),
    );
  }
}
