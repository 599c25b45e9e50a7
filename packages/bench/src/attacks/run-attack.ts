import { say, told } from '../processes/told.js';
import type { Attack, Target } from './attack.js';
import { HTTP_ATTACKS } from './http-attacks.js';
import { MQTT_ATTACKS } from './mqtt-attacks.js';

/** Every attack there is, in the order of the table. */
export const ATTACKS: readonly Attack[] = [...HTTP_ATTACKS, ...MQTT_ATTACKS];

/** Runs one attack in a process of its own. Says "ready"; after "go" it begins, and it ends with its parent, or after "stop". */
export async function runAttack({ name, target }: { name: string; target: Target }): Promise<void> {
  const attack = ATTACKS.find((one) => one.name === name)!;
  say('ready');
  await told('go');
  await attack.begin(target);
  await told('stop');
  process.exit();
}
