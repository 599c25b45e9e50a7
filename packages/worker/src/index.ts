export { withoutPassword } from './transport.js';
export { Worker, type WorkerCounters, type WorkerOptions, WorkerStopped } from './worker.js';
