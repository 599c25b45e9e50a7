import type { FormedPublish } from './observation-frames.js';

/**
 * What zigbee2mqtt publishes for a sensor of the air with `last_seen: ISO_8601` in its settings, 150 bytes;
 * `variant` chooses its values.
 */
export function zigbeeForm(lab: string, measuredMs: number, variant: number): FormedPublish {
  const payload = {
    battery: 97,
    humidity: 40 + (variant % 200) / 10,
    last_seen: new Date(measuredMs).toISOString(),
    linkquality: variant % 200,
    temperature: 20 + (variant % 100) / 10,
    voltage: 3000,
  };
  return { topic: `zigbee2mqtt/${lab}`, payload: JSON.stringify(payload) };
}
