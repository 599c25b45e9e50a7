export { apiMeters } from './api-meters.js';
export { fleetMetrics } from './fleet-metrics.js';
export { labMetrics } from './lab-metrics.js';
export { processRegistry } from './process-registry.js';
