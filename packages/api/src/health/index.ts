export type { HealthOptions } from './health-routes.js';
export { type HealthServerOptions, startHealthServer } from './health-server.js';
export { type IntakeState, readinessReasons } from './readiness.js';
