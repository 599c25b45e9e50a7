import { isDeepStrictEqual } from 'node:util';
import type { StoreOptions } from '../store/store-options.js';
import type { CatalogContent } from './catalog.js';
import { type LoadedFolder, loadFolder } from './engine/load-folder.js';
import { StoreEngine } from './engine/store-engine.js';
import type { FileIdentity } from './files/files.js';
import { configurationOf } from './stored-configuration.js';
import type { BlockCache } from './tables/block-cache.js';

/**
 * Makes the folder one of this configuration, before anything else is done with it:
 *
 *     the stored one is the same ──▶ nothing
 *     it is another              ──▶ the journal is replayed under that, and saved ──▶ this one is put
 *
 * So a journal record is only ever applied under the configuration that its batch was acknowledged under. A kill before
 * the last step leaves a folder of the other configuration.
 * @returns whether the catalog has changed @throws DiskError; DamagedFileError
 */
export async function adoptConfiguration(
  folder: string,
  catalog: { readonly content: CatalogContent; readonly identity: FileIdentity | undefined },
  options: StoreOptions,
  cache: BlockCache,
  nowMs: number,
): Promise<boolean> {
  const { configuration: stored } = catalog.content;
  if (isDeepStrictEqual(stored, configurationOf(options, stored.formerResolutions))) return false;

  const { deduplicationHorizonS, grid } = stored;
  const loaded: LoadedFolder = loadFolder(
    folder,
    catalog,
    { ...options, grid, deduplicationHorizonS },
    cache,
    options.onFault === undefined
      ? () => {}
      : (lab, key, reason) => options.onFault?.({ ...(lab && { lab }), key, reason, atMs: nowMs }),
  );
  const limits = { memoryBytesMax: Number.POSITIVE_INFINITY, journalBytesMax: Number.POSITIVE_INFINITY };
  const events = { onWarning: () => {}, onFatal: () => {} };
  const engine = new StoreEngine(folder, loaded, limits, events, cache, '');
  try {
    await engine.settle(nowMs);
    const durationsS = new Set(options.grid.resolutions.map(({ durationS }) => durationS));
    const formerResolutions = [...grid.resolutions, ...stored.formerResolutions].filter(
      ({ durationS }) => !durationsS.has(durationS) && loaded.labs.tables.hasBuckets(durationS),
    );
    await engine.catalog.change((content) => ({
      ...content,
      configuration: configurationOf(options, formerResolutions),
    }));
  } finally {
    await engine.close();
  }
  return true;
}
