export { workerMeters } from './meters.js';
export { withoutPassword } from './transport.js';
export { type WorkerOptions, WorkerStopped } from './worker.js';
export { type BrokerAt, type BrokerState, Workers } from './workers.js';
