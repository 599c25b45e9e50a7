import { isDeepStrictEqual } from 'node:util';
import type { StoreOptions } from '../store/store-options.js';
import type { Disk } from './disk.js';
import { LabBuckets } from './lab-buckets.js';
import { StoreWriter, type WriterLimits } from './store-writer.js';
import { configurationOf } from './stored-configuration.js';

/**
 * Makes the folder one of this configuration, before anything else is done with it:
 *
 *     the stored one is the same ──▶ nothing
 *     there is none              ──▶ this one is put
 *     it is another              ──▶ the journal is replayed under that, and saved ──▶ this one is put
 *
 * So a journal record is only ever applied under the configuration that its batch was acknowledged under. A kill before
 * the last step leaves a folder of the other configuration.
 * @throws Error when it cannot be written, or the journal is not of a known version.
 */
export async function adoptConfiguration(
  disk: Disk,
  options: StoreOptions,
  limits: WriterLimits,
): Promise<void> {
  const stored = disk.configuration.get('configuration');
  if (stored === undefined) {
    disk.configuration.putSync('configuration', configurationOf(options, []));
    return;
  }
  if (isDeepStrictEqual(stored, configurationOf(options, stored.formerResolutions))) return;

  const { deduplicationHorizonS, grid } = stored;
  const labs = new LabBuckets(disk, { ...options, grid, deduplicationHorizonS });
  await new StoreWriter(labs, limits).closeSettled();
  const durationsS = new Set(options.grid.resolutions.map(({ durationS }) => durationS));
  const formerResolutions = [...grid.resolutions, ...stored.formerResolutions].filter(
    ({ durationS }) => !durationsS.has(durationS) && disk.hasBuckets(durationS),
  );
  await disk.write(() => {
    disk.configuration.put('configuration', configurationOf(options, formerResolutions));
  });
}
