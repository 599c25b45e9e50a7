import type { ChaosOptions, ChaosReport } from './chaos.js';
import { EmbeddedStart } from './embedded-start.js';
import { FaultProxy } from './fault-proxy.js';
import { type Random, randomOf } from './random.js';
import { RecordedLoad } from './recorded-load.js';

interface Parts {
  readonly start: EmbeddedStart;
  /** Between the publisher and the embedded broker. */
  readonly entrance: FaultProxy;
}

/** What may happen, and how often in comparison with the others. */
const FAULTS: readonly (readonly [
  name: string,
  weight: number,
  fault: (parts: Parts, random: Random) => Promise<void>,
])[] = [
  ['killed', 8, kill],
  ['killed while starting', 2, killTwice],
  ['stopped', 2, stop],
  ['frozen', 1, freeze],
  ['reply cut', 3, cutReplies],
  ['connections cut', 2, cutConnections],
];
const HELD_MS = 1500;

/**
 * `humtemp start` with the embedded broker and store, a publisher that sends again until acknowledged, and a seeded sequence
 * of faults. Afterwards everything must be counted exactly once.
 * @throws AssertionError if it is not, or if a ledger does not balance.
 */
export async function chaosEmbedded(options: ChaosOptions): Promise<ChaosReport> {
  const random = randomOf(options.seed);
  const start = await EmbeddedStart.open();
  const entrance = await FaultProxy.start({ target: { host: '127.0.0.1', port: start.ports.mqtt } });
  const load = new RecordedLoad({ ...options, url: `mqtt://127.0.0.1:${entrance.port}` });
  const inflicted: Record<string, number> = {};
  try {
    let done = false;
    const running = load.run().finally(() => {
      done = true;
    });
    // A failure of the load is for the end to see.
    running.catch(() => {});
    for (let i = 0; i < options.faults || !done; i++) {
      await pause(100 + 700 * random());
      const name = await inflict({ start, entrance }, options.only, random);
      inflicted[name] = (inflicted[name] ?? 0) + 1;
      options.tell(`${i + 1}. ${name}; ${load.acknowledged} of ${options.observations} acknowledged`);
    }
    await running;
    // What is acknowledged survives this, too.
    await start.kill();
    await start.restart();
    await start.stop();
    return { ...(await start.checkExact(load.record)), inflicted, resent: load.resent };
  } finally {
    await load.close();
    await entrance.close();
    await start.close();
  }
}

async function inflict(parts: Parts, only: readonly string[] | undefined, random: Random): Promise<string> {
  const faults = FAULTS.filter(([name]) => only === undefined || only.includes(name));
  let left = random() * faults.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight, fault] of faults) {
    left -= weight;
    if (left >= 0) continue;
    await fault(parts, random);
    return name;
  }
  throw new Error(`no such faults: ${only}`);
}

async function kill({ start }: Parts): Promise<void> {
  await start.kill();
  await start.restart();
}

/** Dies while it reads what the last one left. */
async function killTwice({ start }: Parts, random: Random): Promise<void> {
  await start.kill();
  start.launch();
  await pause(600 * random());
  await start.kill();
  await start.restart();
}

async function stop({ start }: Parts): Promise<void> {
  await start.stop();
  await start.restart();
}

async function freeze({ start }: Parts, random: Random): Promise<void> {
  start.process.signal('SIGSTOP');
  await pause(5000 * random());
  start.process.signal('SIGCONT');
}

/** What was counted is not acknowledged. */
async function cutReplies({ entrance }: Parts, random: Random): Promise<void> {
  entrance.cutReplies({ every: 1 + Math.floor(random() * 3) });
  await pause(HELD_MS);
  await entrance.heal();
}

async function cutConnections({ entrance }: Parts): Promise<void> {
  entrance.cut();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
