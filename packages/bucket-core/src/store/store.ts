import type { Books } from './books.js';
import type { BucketRestore } from './bucket-restore.js';
import type { BucketStore } from './bucket-store.js';
import type { SessionRegister } from './session-register.js';

/** What one server or folder offers: all contracts. Whoever uses it asks for the one that it needs. */
export interface Store extends BucketStore, BucketRestore, Books, SessionRegister {}
