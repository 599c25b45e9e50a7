import { say } from './processes/told.js';

/** The bench's own processes of a measurement, by role; each loads what it needs, and nothing else. */
const ROLES = {
  'ingest-load': async () => (await import('./load/ingest-load.js')).runIngestLoad,
  'paced-load': async () => (await import('./load/paced-load.js')).runPacedLoad,
  aedes: async () => (await import('./peers/aedes.js')).runPlainAedes,
  'idle-load': async () => (await import('./idle/idle-load.js')).runIdleLoad,
  'churn-load': async () => (await import('./churn/churn-load.js')).runChurnLoad,
  source: async () => (await import('./worker/frame-source.js')).runFrameSource,
  consumer: async () => (await import('./worker/consumers.js')).runConsumer,
  'thirty-lines': async () => (await import('./worker-behind/consumer-processes.js')).runThirtyLines,
  'bare-socket': async () => (await import('./worker-behind/consumer-processes.js')).runBareSocket,
  'visible-probe': async () => (await import('./latency/visible-probe.js')).runVisibleProbe,
  'stream-clients': async () => (await import('./stream/stream-clients.js')).runStreamClients,
  'stream-floor': async () => (await import('./stream/stream-floor.js')).runStreamFloor,
  'floor-server': async () => (await import('./floors/floor-server.js')).runFloorServer,
  'http-floor': async () => (await import('./http/http-floor.js')).runHttpFloor,
  'http-load': async () => (await import('./http/http-load.js')).runHttpLoad,
  attack: async () => (await import('./attacks/run-attack.js')).runAttack,
  victim: async () => (await import('./attacks/victim.js')).runVictim,
  'hot-writer': async () => (await import('./layouts/hot-writer.js')).runHotWriter,
  'reads-fill': async () => (await import('./reads/fill.js')).runReadsFill,
  'reads-hashes': async () => (await import('./reads/hashes.js')).runHashesApi,
  'reads-memory': async () => (await import('./reads/memory-server.js')).runMemoryServer,
} as const;

// It never ends by itself, but with its parent.
process.on('disconnect', () => process.exit());
try {
  const [role, args] = process.argv.slice(2) as [keyof typeof ROLES, string];
  const run = await ROLES[role]();
  await run(JSON.parse(args) as never);
} catch (error) {
  say('failed', error instanceof Error ? error.message : String(error));
}
