import { churn } from './churn.js';
import { idle } from './idle.js';
import { ingestMany, ingestPipelined } from './ingest.js';
import { latency } from './latency.js';
import type { Scenario } from './scenario.js';
import { worker } from './worker.js';

/** Every measurement there is, in the order in which they are made. */
export const SCENARIOS: readonly Scenario[] = [ingestPipelined, ingestMany, idle, churn, worker, latency];
