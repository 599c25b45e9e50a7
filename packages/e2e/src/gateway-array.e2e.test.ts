import assert from 'node:assert/strict';
import type { Random } from './random.js';
import { addToRecord, type LabRecord } from './recorded-load.js';
import { type StartParts, startTest } from './start-test.js';
import { type Publish, StubbornClient, type StubbornClientOptions } from './stubborn-client.js';

const ARRAY_LENGTH = 1000;
const GATEWAYS = 8;
/** KILLS=20 for the long run. */
const KILLS = Number(process.env.KILLS ?? 2);
/** Arrays acknowledged between a start and the next kill, at most. */
const ARRAYS_MAX = 30;
/** The newest arrays, looked at after each kill; in the end all are. */
const CHECKED_AFTER_KILL = 50;

startTest('killed at the PUBACK of an array of 1,000 observations has all of them', {}, async (parts) => {
  const { start, random } = parts;
  for (const lab of ['gateway-a', 'gateway-b']) {
    const array = backlog(lab, random, new Map());
    let unsent: Publish | undefined = array;
    const client = connectGateway(parts, lab, {
      next: () => {
        const next = unsent;
        unsent = undefined;
        return next;
      },
      // The signal is on its way before anything else happens.
      onAcknowledged: () => void start.kill(),
    });
    await client.done;
    await start.kill();
    await start.restart();
    assert.equal(await start.countOf(lab), ARRAY_LENGTH);
  }
});

startTest('killed again and again never has a part of an array that it acknowledged', {}, async (parts) => {
  const { start, random, context } = parts;
  const record = new Map<string, LabRecord>();
  const acknowledged: string[] = [];
  let onAcknowledged = () => {};
  let [serial, over] = [0, false];
  const gateways = Array.from({ length: GATEWAYS }, (_, i) =>
    connectGateway(parts, `gateway-${i}`, {
      // Every array is of another lab, so what became of it shows.
      next: () => (over ? undefined : backlog(`array-${serial++}`, random, record)),
      onAcknowledged: ({ topic }) => {
        acknowledged.push(topic.split('/')[1]!);
        onAcknowledged();
      },
    }),
  );
  for (let kill = 0; kill < KILLS; kill++) {
    const wanted = acknowledged.length + 1 + Math.floor(random() * ARRAYS_MAX);
    const reached = new Promise<void>((resolve) => {
      onAcknowledged = () => acknowledged.length >= wanted && resolve();
    });
    // A gateway is done before the end only if it has met with an error.
    await Promise.race([reached, ...gateways.map(({ done }) => done)]);
    await start.kill();
    const newest = acknowledged.slice(-CHECKED_AFTER_KILL);
    await start.restart();
    for (const lab of newest) assert.equal(await start.countOf(lab), ARRAY_LENGTH, lab);
  }
  over = true;
  await Promise.all(gateways.map(({ done }) => done));
  await start.stop();
  const { counted } = await start.checkExact(record);
  assert.equal(counted, acknowledged.length * ARRAY_LENGTH);
  const resent = gateways.reduce((sum, gateway) => sum + gateway.resent, 0);
  context.diagnostic(`${KILLS} kills: ${acknowledged.length} arrays, ${resent} sent again`);
});

/** A gateway that does not rest until its arrays are acknowledged. */
function connectGateway(
  { start, random, onEnd }: StartParts,
  clientId: string,
  says: Pick<StubbornClientOptions, 'next' | 'onAcknowledged'>,
): StubbornClient {
  const gateway = new StubbornClient({ port: start.ports.mqtt, clientId, random, ...says });
  onEnd(async () => gateway.close());
  return gateway;
}

/** An array of observations of the last seconds, one a millisecond. */
function backlog(lab: string, random: Random, record: Map<string, LabRecord>): Publish {
  const nowMs = Date.now();
  const observations = Array.from({ length: ARRAY_LENGTH }, (_, i) => {
    const temp = Math.floor(random() * 40_000);
    const humidity = Math.floor(random() * 100_000);
    addToRecord(record, lab, temp, humidity);
    return { timestamp: (nowMs - i) / 1000, temp: temp / 1000, humidity: humidity / 1000 };
  });
  return { topic: `labs/${lab}/observation`, payload: JSON.stringify(observations) };
}
