/** Of the lab a. */
export const TOPIC = 'labs/a/observation';

/** Payload of an observation without a timestamp: each is another one. */
export const UNTIMED = JSON.stringify({ temp: 20, humidity: 50 });

const startS = Math.floor(Date.now() / 1000);

/** Payload of an observation with a timestamp; each number is another one. */
export function timed(number: number): string {
  return JSON.stringify({ timestamp: startS - number, temp: 20, humidity: 50 });
}
