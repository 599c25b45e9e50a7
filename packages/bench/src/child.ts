import { runConsumer } from './consumers.js';
import { runFrameSource } from './frame-source.js';
import { runChurnLoad } from './load/churn-load.js';
import { runIdleLoad } from './load/idle-load.js';
import { runIngestLoad } from './load/ingest-load.js';
import { runPlainAedes } from './peers/aedes.js';
import { say } from './processes/told.js';

/** The bench's own processes of a measurement, by role. */
const ROLES = {
  source: runFrameSource,
  consumer: runConsumer,
  aedes: runPlainAedes,
  'ingest-load': runIngestLoad,
  'idle-load': runIdleLoad,
  'churn-load': runChurnLoad,
} as const;

// It never ends by itself, but with its parent.
process.on('disconnect', () => process.exit());
try {
  const [role, args] = process.argv.slice(2) as [keyof typeof ROLES, string];
  await ROLES[role](JSON.parse(args) as never);
} catch (error) {
  say('failed', error instanceof Error ? error.message : String(error));
}
