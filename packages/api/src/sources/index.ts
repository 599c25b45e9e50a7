export { sharedSourcesName } from './shared-sources-name.js';
export { readSourceRows, type SourceRow, sourceRows } from './source-rows.js';
