export { FolderFormatError } from './disk.js';
export { EmbeddedStore, type EmbeddedStoreOptions } from './embedded-store.js';
export { FolderInUseError } from './folder-lock.js';
