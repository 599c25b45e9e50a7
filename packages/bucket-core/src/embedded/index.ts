export { type Backup, backUp } from './backup.js';
export { FolderFormatError, storedConfiguration } from './catalog.js';
export { EmbeddedStore, type EmbeddedStoreOptions } from './embedded-store.js';
export { DamagedFileError, DiskError } from './files/disk-error.js';
export { FolderInUseError } from './folder-lock.js';
export { FolderView } from './folder-view.js';
