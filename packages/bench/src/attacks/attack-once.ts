import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, makeCertificate } from '@humtemp/test-services';
import { observationFrames } from '../load/observation-frames.js';
import { Publisher } from '../load/publisher.js';
import { memory } from '../measuring/process-figures.js';
import { within } from '../measuring/within.js';
import { startHumtemp } from '../processes/humtemp-process.js';
import { ProcessGroup } from '../processes/process-group.js';
import type { Attack, Target } from './attack.js';
import type { VictimDone } from './victim.js';

export interface AttackSize {
  readonly labs: number;
  readonly durationS: number;
}

export interface Attacked {
  readonly victim: VictimDone;
  readonly rssBytesMax: number;
  /** Why the process under attack ended; undefined: it did not. */
  readonly ended: string | undefined;
  /** Observations of the victim, by the API once the attack is over; undefined: it does not answer. */
  readonly counted: number | undefined;
}

const HEAP_MIB_MAX = 512;
const SAMPLE_MS = 50;
const EXTRA_S_MAX = 60;
const PER_CHUNK = 100;
const PER_LAB = 20;

/**
 * One attack on a process of its own, with the embedded broker and store and a small heap. The attack stands for another machine: it
 * is loaded when it begins, and has only the time of the cores that nobody else wants.
 */
export async function attackOnce(attack: Attack | undefined, size: AttackSize): Promise<Attacked> {
  const processes = new ProcessGroup();
  try {
    const mqttTlsPort = await freePort();
    const humtemp = await startHumtemp(processes, {
      HUMTEMP_MQTT_TLS_PORT: `${mqttTlsPort}`,
      ...(await certificateIn(await processes.folder())),
      HUMTEMP_DATA_DIR: await processes.folder(),
      HUMTEMP_LOG_LEVEL: 'error',
      NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB_MAX}`,
    });
    const { apiPort, mqttPort } = humtemp;
    const target: Target = { apiPort, mqttPort, mqttTlsPort, labs: size.labs };
    await fill(target);
    const committed = await humtemp.committed();
    const victim = processes.startChild('victim', { port: target.mqttPort });
    await within(EXTRA_S_MAX, victim.hear('ready'));
    const attacker = attack && processes.startChild('attack', { name: attack.name, target }, { waits: true });
    if (attacker !== undefined) await within(EXTRA_S_MAX, attacker.hear('ready'));
    let rssBytesMax = 0;
    const sample = setInterval(() => {
      if (humtemp.process.ended() !== undefined) return;
      const { rssBytes } = memory(humtemp.process.pid);
      // A process that is just ending has none.
      if (rssBytes > rssBytesMax) rssBytesMax = rssBytes;
    }, SAMPLE_MS);
    try {
      victim.tell('go');
      attacker?.tell('go');
      await new Promise((resolve) => setTimeout(resolve, size.durationS * 1000));
      const done = within(EXTRA_S_MAX, victim.hear<VictimDone>('done'));
      victim.tell('stop');
      const told = await done;
      attacker?.tell('stop');
      const ended = humtemp.process.ended();
      const counted = ended === undefined ? await humtemp.committed().catch(() => undefined) : undefined;
      return {
        victim: told,
        rssBytesMax,
        ended,
        counted: counted === undefined ? undefined : counted - committed,
      };
    } finally {
      clearInterval(sample);
    }
  } catch (error) {
    throw await processes.explained(error);
  } finally {
    await processes.stop();
  }
}

/** The variables for a certificate of its own. */
async function certificateIn(folder: string): Promise<Record<string, string>> {
  const { cert, key } = await makeCertificate('humtemp');
  const files = {
    HUMTEMP_MQTT_CERT_FILE: join(folder, 'cert.pem'),
    HUMTEMP_MQTT_KEY_FILE: join(folder, 'key.pem'),
  };
  await writeFile(files.HUMTEMP_MQTT_CERT_FILE, cert);
  await writeFile(files.HUMTEMP_MQTT_KEY_FILE, key, { mode: 0o600 });
  return files;
}

/** A few observations of each lab, so that answers are long. */
async function fill({ mqttPort, labs }: Target): Promise<void> {
  const names = Array.from({ length: labs }, (_, i) => `lab-${i}`);
  const chunks = observationFrames({
    labs: names,
    count: labs * PER_LAB,
    perChunk: PER_CHUNK,
    qos: 1,
    nowMs: Date.now(),
  });
  const publisher = await Publisher.open({
    port: mqttPort,
    clientId: 'fill',
    qos: 1,
    window: 1000,
    chunks,
    perChunk: PER_CHUNK,
  });
  await publisher.run();
}
