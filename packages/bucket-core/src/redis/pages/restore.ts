import { lastMs } from '../../aggregate/aggregate.js';
import { ABSENT } from '../../observation/fixed-point.js';
import type { StoredBucket } from '../../store/bucket-restore.js';
import { addClosed, type Folded, hold, NO_LATE_ROW, PageWrites, SUMMED_BYTES_MAX } from './fold.js';
import { bucketsOfBase, type Head, newestMs, packBase } from './head.js';
import type { PageGrid } from './page-grid.js';
import { sumsBlocks } from './raw-page.js';
import { msAt, putRow, ROW_BYTES } from './tail-row.js';

/**
 * A lab with buckets that it has not yet: a fold of no row, in which buckets come from elsewhere. Where buckets follow from
 * rows they stand on raw pages as well, as sums: a bucket that is pushed out of the head is looked for there.
 */
export function withRestored(
  value: Buffer,
  head: Head,
  restored: readonly StoredBucket[],
  pages: PageGrid,
  nowMs: number,
): Folded {
  const writes = new PageWrites();
  const held = bucketsOfBase(value, head);
  const groups = pages.grid.resolutions.map((resolution) => {
    const { durationS } = resolution;
    const buckets = held.get(durationS) ?? [];
    const fromRows = pages.followsFromRows(resolution);
    for (const one of restored) {
      if (one.durationS !== durationS) continue;
      if (fromRows) addSums(one, pages, writes, nowMs);
      const pushedOut = hold(buckets, { startS: one.startS, at: 0, bytes: 0, aggregate: one.aggregate });
      if (pushedOut !== undefined && !fromRows) addClosed(value, pages, resolution, pushedOut, writes, nowMs);
    }
    return [durationS, buckets] as const;
  });
  const restoredMs = Math.max(...restored.map(({ aggregate }) => lastMs(aggregate)));
  const watermarkMs = Math.max(head.watermarkMs, restoredMs);
  const base = packBase((head.generation + 1) >>> 0, watermarkMs, groups, value);
  const tail = value.subarray(head.baseBytes);
  // Whatever comes last must be of the newest time.
  const end = Buffer.alloc(tail.length > 0 && restoredMs > newestMs(value) ? ROW_BYTES : 0);
  if (end.length > 0) putRow(end, 0, restoredMs, 0, ABSENT, ABSENT);
  const lateS = lateOf(tail, watermarkMs);
  return { head: Buffer.concat([base, tail, end]), baseBytes: base.length, lateS, writes: writes.all };
}

function lateOf(tail: Buffer, watermarkMs: number): number {
  let lateS = NO_LATE_ROW;
  for (let at = 0; at < tail.length; at += ROW_BYTES) {
    const ms = msAt(tail, at);
    if (ms <= watermarkMs) lateS = Math.min(lateS, Math.floor(ms / 1000));
  }
  return lateS;
}

function addSums(bucket: StoredBucket, pages: PageGrid, writes: PageWrites, nowMs: number): void {
  const { firstMs } = bucket.aggregate;
  const raw = pages.rawPage(firstMs);
  const block = sumsBlocks([bucket], firstMs, lastMs(bucket.aggregate), pages.rawStartMs(raw));
  writes.add({ raw }, 'append anew', pages.rawExpiryS(raw, nowMs), SUMMED_BYTES_MAX, block);
}
