export { measureLatency } from './latency.js';
export { type Measured, measureConsumer } from './worker-floor.js';
