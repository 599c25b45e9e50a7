export { Worker, type WorkerOptions, withoutPassword } from './worker.js';
