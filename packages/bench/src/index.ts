export type { Report, Scenario } from './scenario.js';
export { SCENARIOS } from './scenarios.js';
