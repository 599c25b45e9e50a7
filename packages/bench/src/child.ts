import { runConsumer } from './consumers.js';
import { runFloorServer } from './floors-server.js';
import { runFrameSource } from './frame-source.js';
import { runHttpFloor } from './http/http-floor.js';
import { runChurnLoad } from './load/churn-load.js';
import { runHttpLoad } from './load/http-load.js';
import { runIdleLoad } from './load/idle-load.js';
import { runIngestLoad } from './load/ingest-load.js';
import { runPacedLoad } from './load/paced-load.js';
import { runVisibleProbe } from './load/visible-probe.js';
import { runPlainAedes } from './peers/aedes.js';
import { say } from './processes/told.js';
import { runReadsFill } from './reads/fill.js';
import { runHashesApi } from './reads/hashes.js';
import { runMemoryServer } from './reads/memory-server.js';
import { runStreamClients } from './stream/stream-clients.js';
import { runStreamFloor } from './stream/stream-floor.js';
import { runBareSocket, runThirtyLines } from './worker-behind/consumer-processes.js';

/** The bench's own processes of a measurement, by role. */
const ROLES = {
  source: runFrameSource,
  consumer: runConsumer,
  aedes: runPlainAedes,
  'ingest-load': runIngestLoad,
  'idle-load': runIdleLoad,
  'churn-load': runChurnLoad,
  'thirty-lines': runThirtyLines,
  'bare-socket': runBareSocket,
  'floor-server': runFloorServer,
  'paced-load': runPacedLoad,
  'visible-probe': runVisibleProbe,
  'stream-clients': runStreamClients,
  'stream-floor': runStreamFloor,
  'http-floor': runHttpFloor,
  'http-load': runHttpLoad,
  'reads-fill': runReadsFill,
  'reads-hashes': runHashesApi,
  'reads-memory': runMemoryServer,
} as const;

// It never ends by itself, but with its parent.
process.on('disconnect', () => process.exit());
try {
  const [role, args] = process.argv.slice(2) as [keyof typeof ROLES, string];
  await ROLES[role](JSON.parse(args) as never);
} catch (error) {
  say('failed', error instanceof Error ? error.message : String(error));
}
