import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves to whether the server at host and port answers its protocol now. Never rejects. */
export type Probe = (host: string, port: number) => Promise<boolean>;

const answerDelayMsMax = 1_000;
const probeIntervalMs = 25;
const startDurationMsMax = 60_000;

/**
 * A probe that sends `request` on a connection of its own and asks `isAnswer` about all bytes received so far.
 * Being connected is not enough: a container's published port accepts before its server listens.
 */
export function exchangeProbe(
  request: Uint8Array,
  isAnswer: (received: Buffer) => boolean,
  farewell?: Uint8Array,
): Probe {
  return (host, port) =>
    new Promise((resolve) => {
      let received = Buffer.alloc(0);
      const socket = connect({ host, port });
      const finish = (answered: boolean) => {
        clearTimeout(timer);
        if (answered && farewell) socket.write(farewell);
        socket.destroySoon();
        if (!answered) socket.destroy();
        resolve(answered);
      };
      const timer = setTimeout(() => finish(false), answerDelayMsMax);
      socket.on('connect', () => socket.write(request));
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk]);
        if (isAnswer(received)) finish(true);
      });
      socket.on('error', () => finish(false));
      socket.on('close', () => finish(false));
    });
}

/**
 * Waits until a started server answers.
 * @param ended tells why there is nothing to wait for any more, or undefined while the server runs
 * @throws Error when the server ended, or did not answer within a minute
 */
export async function untilAnswering(
  probe: Probe,
  host: string,
  port: number,
  ended: () => Promise<Error | undefined>,
): Promise<void> {
  const deadlineMs = Date.now() + startDurationMsMax;
  while (Date.now() < deadlineMs) {
    const answered = await probe(host, port);
    // Asked after the probe: had our server not got the port, somebody else's would have answered.
    const failure = await ended();
    if (failure) throw failure;
    if (answered) return;
    await sleep(probeIntervalMs);
  }
  throw new Error(`no answer from ${host}:${port} within ${startDurationMsMax / 1000} s`);
}
