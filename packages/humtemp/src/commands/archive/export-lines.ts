import { createHash } from 'node:crypto';
import {
  type BucketGrid,
  type BucketStore,
  bucketStartS,
  FUTURE_MS_MAX,
  type StoredBucket,
} from '@humtemp/bucket-core';
import { bucketLine, endLine, headerLine } from './export-format.js';

const LABS_AT_ONCE = 250;

/** The buckets of labs, lab by lab, as the text of an export. One lab is in memory at a time. */
export async function* exportLines(
  bucketsOfLabs: AsyncIterable<readonly StoredBucket[]>,
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
  for await (const ofLab of bucketsOfLabs) {
    if (ofLab.length === 0) continue;
    labs += 1;
    buckets += ofLab.length;
    yield hashed(ofLab.map(bucketLine).join(''));
  }
  yield endLine({ labs, buckets, sha256: hash.digest('hex') });
}

/** All buckets of a store, lab by lab. Of one that is written meanwhile, each series is as of the moment it is read. */
export async function* storedBuckets(
  store: BucketStore,
  grid: BucketGrid,
  nowMs: number,
): AsyncGenerator<readonly StoredBucket[]> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: readonly string[] = await store.labs(after, LABS_AT_ONCE, nowMs);
    for (const lab of page) {
      const ofLab: StoredBucket[] = [];
      for (const resolution of grid.resolutions) {
        const { durationS, retention } = resolution;
        const newestS = bucketStartS(nowMs + FUTURE_MS_MAX, durationS, grid.alignmentS);
        const [fromS, toS] = [newestS - retention * durationS, newestS + durationS];
        for (const bucket of await store.series(lab, resolution, fromS, toS, nowMs))
          ofLab.push({ ...bucket, durationS });
      }
      yield ofLab;
    }
    after = page.length < LABS_AT_ONCE ? undefined : page.at(-1);
  }
}
