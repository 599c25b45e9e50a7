import { say } from '../processes/told.js';
import { consumeOnBareSocket } from './bare-socket.js';
import { consumeInThirtyLines } from './thirty-lines.js';

const SAY_MS = 20;

/** The thirty lines in a process of their own: says "subscribed". What they have counted is in Redis. */
export async function runThirtyLines(args: { mqttPort: number; redisUrl: string }): Promise<void> {
  await consumeInThirtyLines(`mqtt://127.0.0.1:${args.mqttPort}`, args.redisUrl);
  say('subscribed');
}

/** The bare socket in a process of its own: says "subscribed", and "counted" with the number again and again. */
export async function runBareSocket({ mqttPort }: { mqttPort: number }): Promise<void> {
  const counted = await consumeOnBareSocket(mqttPort);
  say('subscribed');
  setInterval(() => say('counted', counted()), SAY_MS);
}
