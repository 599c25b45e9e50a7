/** Devices that publish by turns. */
const DEVICES = 1000;
const VARIANTS = 200;

/** What zigbee2mqtt publishes of a sensor of the air; `variant` chooses the values. */
export const PAYLOADS = {
  'plain, no clock': (variant: number) => ({
    temperature: 20 + (variant % 100) / 10,
    humidity: 40 + (variant % 200) / 10,
    battery: 97,
    linkquality: variant % 200,
  }),
  'with last_seen': (variant: number) => ({
    battery: 97,
    humidity: 40 + (variant % 200) / 10,
    last_seen: new Date(Date.now() - variant).toISOString(),
    linkquality: variant % 200,
    temperature: 20 + (variant % 100) / 10,
    voltage: 3000,
  }),
  'with last_seen, calibrations, update': (variant: number) => ({
    battery: 97,
    battery_low: false,
    humidity: 40 + (variant % 2000) / 100,
    last_seen: new Date(Date.now() - variant).toISOString(),
    linkquality: variant % 200,
    temperature: 20 + (variant % 1000) / 100,
    temperature_calibration: 0,
    humidity_calibration: 0,
    voltage: 3000,
    update: { installed_version: 8960, latest_version: 8960, state: 'idle' },
  }),
} as const;

export interface ZigbeePublish {
  readonly topic: Buffer;
  readonly payload: Buffer;
}

/** A publish of each device for each variant, in the order in which they come. */
export function publishesOf(name: keyof typeof PAYLOADS): readonly ZigbeePublish[] {
  const payloads = Array.from({ length: VARIANTS * 7 }, (_, i) =>
    Buffer.from(JSON.stringify(PAYLOADS[name](i))),
  );
  return Array.from({ length: DEVICES * 7 }, (_, i) => ({
    topic: Buffer.from(`zigbee2mqtt/Cold room ${i % DEVICES}`),
    payload: payloads[i % payloads.length]!,
  }));
}
