import { attacks } from './attacks/attacks.js';
import { churn } from './churn/churn.js';
import { cluster } from './cluster/cluster.js';
import { commit } from './commit/commit.js';
import { floors } from './floors/floors.js';
import { growth } from './growth/growth.js';
import { http } from './http/http.js';
import { idle } from './idle/idle.js';
import { ingestMany, ingestPipelined } from './ingest/ingest.js';
import { latency } from './latency/latency.js';
import { layouts } from './layouts/layouts-scenario.js';
import { mapped } from './mapped/mapped.js';
import { memoryEmbedded } from './memory/embedded.js';
import { memory } from './memory/memory.js';
import { readings } from './readings/readings.js';
import { reads } from './reads/reads.js';
import type { Scenario } from './scenario.js';
import { sensors } from './sensors/sensors.js';
import { sparklines } from './sparklines/sparklines.js';
import { startup } from './startup/startup.js';
import { stream } from './stream/stream.js';
import { worker, workerMapped } from './worker/worker.js';
import { workerBehind } from './worker-behind/worker-behind.js';

/** Every measurement there is, in the order in which they are made. */
export const SCENARIOS: readonly Scenario[] = [
  ingestPipelined,
  ingestMany,
  sensors,
  idle,
  churn,
  worker,
  workerMapped,
  workerBehind,
  latency,
  stream,
  growth,
  floors,
  commit,
  cluster,
  layouts,
  mapped,
  memory,
  memoryEmbedded,
  http,
  startup,
  reads,
  readings,
  sparklines,
  attacks,
];
