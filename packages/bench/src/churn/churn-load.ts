import type { Socket } from 'node:net';
import { DISCONNECT, openConnection } from '../load/mqtt-connection.js';
import { observationFrame } from '../load/observation-frames.js';
import { say, told } from '../processes/told.js';

export interface ChurnLoad {
  readonly perS: number;
  readonly durationS: number;
}

export interface ChurnLoadDone {
  readonly published: number;
  /** The most connections at a time. */
  readonly openMax: number;
}

const ENDINGS = ['DISCONNECT', 'FIN', 'RST'] as const;
const VISIT_MS_MAX = 30_000;
const LABS = 1000;
const TICK_MS = 10;

/**
 * Connections come and go: each publishes one observation at QoS 1, waits for its PUBACK and leaves, by a DISCONNECT, by
 * a FIN without one, or by a RST, in turn. Says "ready" after a second of it, so that what is made once has been made,
 * with the number published; after "go" the load itself, then "done".
 */
export async function runChurnLoad({ port, perS, durationS }: ChurnLoad & { port: number }): Promise<void> {
  const warmUp = await churn(port, perS, 1, 0);
  say('ready', warmUp.published);
  await told('go');
  say('done', await churn(port, perS, durationS, warmUp.published));
}

async function churn(port: number, perS: number, durationS: number, first: number): Promise<ChurnLoadDone> {
  const startMs = performance.now();
  const visits: Promise<void>[] = [];
  let [open, openMax] = [0, 0];
  while (visits.length < perS * durationS) {
    const due = Math.min(Math.ceil(((performance.now() - startMs) / 1000) * perS), perS * durationS);
    while (visits.length < due) {
      const number = first + visits.length;
      openMax = Math.max(openMax, ++open);
      visits.push(
        visit(port, number)
          .catch((error: Error) => say('failed', error.message))
          .finally(() => {
            open -= 1;
          }),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(visits);
  return { published: visits.length, openMax };
}

/** Resolves when the connection is closed. @throws if that is before the PUBACK, or takes too long. */
async function visit(port: number, number: number): Promise<void> {
  let acknowledged = false;
  const socket = await openConnection(port, `churn-${number}`, () => {
    acknowledged = true;
    leave(socket, number);
  });
  await new Promise<void>((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`churn-${number}: ${reason}`));
    const limit = setTimeout(
      () => fail(`not acknowledged and closed in ${VISIT_MS_MAX / 1000} s`),
      VISIT_MS_MAX,
    );
    socket.once('close', () => {
      clearTimeout(limit);
      if (acknowledged) resolve();
      else fail('closed before its PUBACK');
    });
    socket.write(observationFrame(`lab-${number % LABS}`, Date.now(), number, 1, 1));
  });
}

function leave(socket: Socket, number: number): void {
  const ending = ENDINGS[number % ENDINGS.length];
  if (ending === 'RST') socket.resetAndDestroy();
  else if (ending === 'FIN') socket.end();
  else socket.end(DISCONNECT);
}
