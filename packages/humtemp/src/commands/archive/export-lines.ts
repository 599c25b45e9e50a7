import { createHash } from 'node:crypto';
import { type BucketGrid, type BucketStore, bucketStartS, FUTURE_MS_MAX } from '@humtemp/bucket-core';
import { bucketLine, endLine, headerLine } from './export-format.js';

const LABS_AT_ONCE = 250;

/**
 * All buckets of a store, lab by lab, as the text of an export. Of a store that is written meanwhile, each series is as of
 * the moment it is read. One lab is in memory at a time.
 */
export async function* exportLines(
  store: BucketStore,
  grid: BucketGrid,
  nowMs: number,
): AsyncGenerator<string> {
  const hash = createHash('sha256');
  const hashed = (text: string) => {
    hash.update(text);
    return text;
  };
  yield hashed(headerLine(grid, nowMs));
  let labs = 0;
  let buckets = 0;
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: readonly string[] = await store.labs(after, LABS_AT_ONCE, nowMs);
    for (const lab of page) {
      const text: string[] = [];
      for (const resolution of grid.resolutions) {
        const { durationS, retention } = resolution;
        const newestS = bucketStartS(nowMs + FUTURE_MS_MAX, durationS, grid.alignmentS);
        const [fromS, toS] = [newestS - retention * durationS, newestS + durationS];
        for (const bucket of await store.series(lab, resolution, fromS, toS, nowMs))
          text.push(bucketLine({ ...bucket, durationS }));
      }
      if (text.length === 0) continue;
      labs += 1;
      buckets += text.length;
      yield hashed(text.join(''));
    }
    after = page.length < LABS_AT_ONCE ? undefined : page.at(-1);
  }
  yield endLine({ labs, buckets, sha256: hash.digest('hex') });
}
