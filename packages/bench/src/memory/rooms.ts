import { ABSENT, type Batch, RECEIPT_TAG_MIN, sensorTag } from '@humtemp/bucket-core';

/** What one lab sends in one minute. */
export interface Sending {
  readonly name: string;
  add(batch: Batch, lab: string, i: number, minute: number, minuteMs: number): void;
}

let receipts = 0;

export const SENDINGS: readonly Sending[] = [
  {
    name: 'one a minute',
    add: (batch, lab, i, minute, ms) => batch.add(lab, ms + i, 0, ...values(i, minute)),
  },
  {
    name: 'one a minute, whole seconds, 0.01 °C and %RH',
    add(batch, lab, i, minute, ms) {
      const [temp, humidity] = values(i, minute);
      const atMs = Math.floor((ms + jitter(i, minute, 2000)) / 1000) * 1000;
      batch.add(lab, atMs, 0, Math.round(temp / 10) * 10, Math.round(humidity / 10) * 10);
    },
  },
  {
    name: 'one a minute, a second of jitter in ms',
    add: (batch, lab, i, minute, ms) => batch.add(lab, ms + jitter(i, minute, 1000), 0, ...values(i, minute)),
  },
  {
    name: 'one a minute, without a timestamp',
    add: (batch, lab, i, minute, ms) =>
      batch.add(lab, ms + jitter(i, minute, 1000), RECEIPT_TAG_MIN + receipts++, ...values(i, minute)),
  },
  {
    name: 'one a minute, temp only',
    add: (batch, lab, i, minute, ms) => batch.add(lab, ms + i, 0, values(i, minute)[0], ABSENT),
  },
  {
    name: 'three sensors, each one a minute',
    add(batch, lab, i, minute, ms) {
      for (let k = 0; k < 3; k++)
        batch.add(lab, ms + i, sensorTag(`sensor-${k}`), ...values(i + 7 * k, minute));
    },
  },
  { name: 'one every 30 s', add: (...given) => addEvery(30, ...given) },
  { name: 'one every 10 s', add: (...given) => addEvery(10, ...given) },
];

function addEvery(seconds: number, batch: Batch, lab: string, i: number, minute: number, ms: number): void {
  for (let s = 0; s < 60; s += seconds) batch.add(lab, ms + i + s * 1000, 0, ...values(i, minute + s / 60));
}

/** As rooms of a library were: 1.3 °C and 1.3 %RH from lowest to highest in a day, about 0.2 °C and 0.3 %RH in an hour. */
export function values(i: number, minute: number): [temp: number, humidity: number] {
  const swing = Math.sin((minute / 1440) * 2 * Math.PI + i);
  const noise = ((Math.round(minute * 7919) + i * 7907) % 101) - 50;
  return [
    20_000 + (i % 40) * 100 + Math.round(600 * swing) + noise,
    50_000 - (i % 30) * 300 + Math.round(550 * swing) - 2 * noise,
  ];
}

function jitter(i: number, minute: number, span: number): number {
  return (Math.imul(i * 7919 + minute, 2_654_435_761) >>> 0) % span;
}
