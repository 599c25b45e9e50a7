import { ABSENT, type RejectionReason } from '@humtemp/bucket-core';
import { readPresets } from './presets.js';
import type { ObservationSink } from './publish.js';
import { readSources } from './read-sources.js';
import { RestOfSource } from './rest-of-source.js';
import { NOW_MS, type Seen } from './seen.js';
import type { Source } from './source.js';

export const presets = readPresets();

/** Keeps what sources hand in. */
export class Receipts implements ObservationSink {
  readonly receivedMs = NOW_MS;
  readonly arrayLengthMax = 1000;
  readonly seen: Seen[] = [];
  readonly rejections: string[] = [];
  isIgnored = false;

  observation(lab: string, timestampMs: number | undefined, temp: number, humidity: number, sensor: string) {
    this.seen.push({
      lab,
      ...(temp === ABSENT ? {} : { temp: temp / 1000 }),
      ...(humidity === ABSENT ? {} : { humidity: humidity / 1000 }),
      ...(sensor === '' ? {} : { sensor }),
      ...(timestampMs === undefined ? {} : { at: timestampMs }),
    });
    return true;
  }

  reject(reason: RejectionReason): void {
    this.rejections.push(reason);
  }

  rejectMetric(metric: 'temp' | 'humidity'): void {
    this.rejections.push(`only ${metric}`);
  }

  ignore(): void {
    this.isIgnored = true;
  }

  get fate(): string {
    if (this.isIgnored) return 'ignored';
    if (this.seen.length > 0) return 'observations';
    return this.rejections.length > 0 ? 'rejected' : 'silent';
  }
}

/** Sources of a text, or of a preset's name. */
export function sourcesOf(text: string): Source[] {
  const yaml = text.includes('\n') || text.includes(':') ? text : `sources: { ${text}: { preset: ${text} } }`;
  return readSources(yaml, 'test.yaml', { presets });
}

/** What one publish comes to, and the events that its source counted with it. */
export function receive(sources: readonly Source[], topic: string, payload: unknown, isReplayed = false) {
  const bytes = Buffer.isBuffer(payload)
    ? payload
    : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  const receipts = new Receipts();
  // Between other bytes, as it stands when it was read from a socket.
  const around = Buffer.concat([Buffer.from('{"x'), bytes, Buffer.from('}')]);
  const publish = { topic, payload: { bytes: around, start: 3, end: 3 + bytes.length }, isReplayed };
  for (const source of [...sources, ...sources.map((one) => new RestOfSource(one))]) {
    const match = source.match(topic);
    if (match === undefined) continue;
    source.decode(match, publish, receipts);
    const { fate, seen, rejections } = receipts;
    const events = 'report' in source ? source.report().events : {};
    return { fate, seen, rejections, events };
  }
  return { fate: 'of no source', seen: [], rejections: [], events: {} };
}

export { NOW_MS, type Seen };
