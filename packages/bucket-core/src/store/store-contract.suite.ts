import { booksContract } from './books.suite.js';
import { bucketStoreContract } from './bucket-store.suite.js';
import { sessionRegisterContract } from './session-register.suite.js';
import type { OpenStore } from './store-contract.fixture.js';

/** Holds a store to all three contracts. */
export function storeContract(name: string, open: OpenStore, runs = 40): void {
  bucketStoreContract(name, open, runs);
  booksContract(name, open);
  sessionRegisterContract(name, open);
}
