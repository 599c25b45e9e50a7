import { say, told } from '../processes/told.js';
import type { Attack, Target } from './attack.js';
import { HTTP_ATTACKS } from './http-attacks.js';
import { MQTT_ATTACKS } from './mqtt-attacks.js';

/** Every attack there is, in the order of the table. */
export const ATTACKS: readonly Attack[] = [...HTTP_ATTACKS, ...MQTT_ATTACKS];

/** Runs one attack in a process of its own; it ends with its parent, or with the word "stop". */
export async function runAttack({ name, target }: { name: string; target: Target }): Promise<void> {
  const attack = ATTACKS.find((one) => one.name === name)!;
  await attack.begin(target);
  say('begun');
  await told('stop');
  process.exit();
}
