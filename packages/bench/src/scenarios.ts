import { churn } from './churn.js';
import { commit } from './commit/commit.js';
import { memory } from './commit/memory.js';
import { floors } from './floors.js';
import { growth } from './growth.js';
import { http } from './http/http.js';
import { idle } from './idle.js';
import { ingestMany, ingestPipelined } from './ingest.js';
import { latency } from './latency.js';
import { reads } from './reads/reads.js';
import type { Scenario } from './scenario.js';
import { startup } from './startup/startup.js';
import { stream } from './stream/stream.js';
import { worker } from './worker.js';
import { workerBehind } from './worker-behind/worker-behind.js';

/** Every measurement there is, in the order in which they are made. */
export const SCENARIOS: readonly Scenario[] = [
  ingestPipelined,
  ingestMany,
  idle,
  churn,
  worker,
  workerBehind,
  latency,
  stream,
  growth,
  floors,
  commit,
  memory,
  http,
  startup,
  reads,
];
