import { decodeObservation } from '@humtemp/bucket-core';
import { LabsSource, PayloadSlice, TopicFilters } from '@humtemp/intake';
import { median } from '../figures.js';
import { countingIntake } from './floor-server.js';

/** Nanoseconds for one payload, on one thread that does nothing else. */
export interface PayloadTimes {
  /** Bytes to a text to an object. */
  readonly jsonParseNs: number;
  /** And from that object to a checked observation: the general way. */
  readonly generalNs: number;
  /** Our decoder, straight from the bytes, its checks and identity, into the batch. */
  readonly intakeNs: number;
}

/** Few enough that the intake, which commits when it gets to it, never has to. */
const PER_TURN = 20_000;

/** Medians of several turns. */
export async function payloadTimes(turns: number): Promise<PayloadTimes> {
  const nowMs = Date.now();
  const payloads = Array.from({ length: PER_TURN }, (_, i) =>
    Buffer.from(
      JSON.stringify({
        timestamp: (nowMs - i) / 1000,
        temp: 20 + (i % 100) / 10,
        humidity: 40 + (i % 200) / 10,
      }),
    ),
  );
  const intake = countingIntake();
  const source = new LabsSource(new TopicFilters(['labs/+/observation']));
  const publish = { topic: '', payload: new PayloadSlice(), isReplayed: false };
  const [parse, general, ours]: number[][] = [[], [], []];
  let sum = 0;
  for (let turn = 0; turn < turns; turn++) {
    parse!.push(
      nsEach(payloads, (payload) => {
        sum += (JSON.parse(payload.toString()) as { temp: number }).temp;
      }),
    );
    general!.push(
      nsEach(payloads, (payload) => {
        const observation = decodeObservation(JSON.parse(payload.toString()));
        if (typeof observation === 'string') throw new Error(observation);
        sum += observation.temp;
      }),
    );
    ours!.push(
      nsEach(payloads, (payload, i) => {
        publish.payload.set(payload, 0, payload.length);
        const reason = intake.take(source, LABS[i % LABS.length], publish);
        if (reason !== undefined) throw new Error(reason);
      }),
    );
    await intake.whenSettled();
  }
  if (Number.isNaN(sum)) throw new Error('a payload without a temperature');
  return { jsonParseNs: median(parse!), generalNs: median(general!), intakeNs: median(ours!) };
}

const LABS = Array.from({ length: 1000 }, (_, i) => `lab-${i}`);

function nsEach(payloads: readonly Buffer[], take: (payload: Buffer, index: number) => void): number {
  const startMs = performance.now();
  payloads.forEach(take);
  return ((performance.now() - startMs) * 1e6) / payloads.length;
}
