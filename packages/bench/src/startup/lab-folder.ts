import { within } from '../measuring/within.js';
import { startHumtemp } from '../processes/humtemp-process.js';
import { ProcessGroup } from '../processes/process-group.js';

const OBSERVATIONS_OF_EACH = 10;
const CONNECTIONS = 10;
const FILLING_S_MAX = 120;

/** Has humtemp fill a data folder with so many labs, and stop. @throws if not all observations are committed. */
export async function fillWithLabs(folder: string, labs: number): Promise<void> {
  const processes = new ProcessGroup();
  try {
    const humtemp = await startHumtemp(processes, { HUMTEMP_DATA_DIR: folder });
    const load = { connections: CONNECTIONS, window: 100, perChunk: 10, labs, qos: 1 };
    const observations = labs * OBSERVATIONS_OF_EACH;
    const child = processes.startChild('ingest-load', { ...load, observations, port: humtemp.mqttPort });
    await child.hear('ready');
    const done = within(FILLING_S_MAX, child.hear('done'));
    child.tell('go');
    await done;
    const committed = await humtemp.committed();
    if (committed !== observations)
      throw new Error(`the data folder has ${committed} of ${observations} observations`);
  } finally {
    await processes.stop();
  }
}

/** Labs that an API knows. */
export async function knownLabs(apiPort: number): Promise<number> {
  let [known, cursor] = [0, ''];
  do {
    const query = new URLSearchParams({ limit: '1000', ...(cursor !== '' && { cursor }) });
    const response = await fetch(`http://127.0.0.1:${apiPort}/labs?${query}`);
    const page = (await response.json()) as { labs: readonly unknown[]; next_cursor: string | null };
    known += page.labs.length;
    cursor = page.next_cursor ?? '';
  } while (cursor !== '');
  return known;
}
