import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { openConnections } from '../load/mqtt-connection.js';
import { say, told } from '../processes/told.js';
import { readAnswer } from './http-answer.js';
import { ObservationRequests } from './observation-requests.js';

export interface HttpLoad {
  /** Each has one request in flight. */
  readonly connections: number;
  readonly labs: number;
  /** Before the clock starts. */
  readonly warmUpAnswers: number;
  readonly durationS: number;
}

export interface HttpLoadDone {
  /** Every one of them with 200. */
  readonly answers: number;
  /** Until the last answer. */
  readonly seconds: number;
  /** From a request to its answer. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** Share of that time in which the load was not waiting; near 1 it was the limit. */
  readonly busy: number;
}

/**
 * POSTs observations, all of them different, over connections that stay open, to servers on these ports in turn. Labs are
 * named for the number of connections, so that a second load with another number repeats nothing of the first. Says
 * "ready" after the warm-up with its number of answers, and after "go" "done".
 */
export async function runHttpLoad({
  ports,
  ...load
}: HttpLoad & { readonly ports: readonly number[] }): Promise<void> {
  const { connections, labs, warmUpAnswers, durationS } = load;
  const labsEach = Math.max(1, Math.floor(labs / connections));
  const nowMs = Date.now();
  const posters = await openConnections(connections, (index) => {
    const ownLabs = Array.from({ length: labsEach }, (_, i) => `lab-${connections}-${index * labsEach + i}`);
    return Poster.open(ports[index % ports.length]!, ownLabs, nowMs);
  });
  say('ready', (await runAll(posters, (answers) => answers >= warmUpAnswers)).answers);
  await told('go');
  say('done', await runAll(posters, (_, seconds) => seconds >= durationS));
}

async function runAll(
  posters: readonly Poster[],
  isEnough: (answers: number, seconds: number) => boolean,
): Promise<HttpLoadDone> {
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  const before = performance.eventLoopUtilization();
  const onAnswer = (latencyMs: number, nowMs: number) =>
    !isEnough(latenciesMs.push(latencyMs), (nowMs - startMs) / 1000);
  await Promise.all(posters.map((poster) => poster.run(onAnswer)));
  const seconds = (performance.now() - startMs) / 1000;
  const busy = performance.eventLoopUtilization(before).utilization;
  latenciesMs.sort((a, b) => a - b);
  const quantile = (share: number) => latenciesMs[Math.floor(share * (latenciesMs.length - 1))]!;
  return {
    answers: latenciesMs.length,
    seconds,
    latencyMs: { p50: quantile(0.5), p99: quantile(0.99) },
    busy,
  };
}

/** One connection that sends the next request when the last one is answered. */
class Poster {
  readonly #socket: Socket;
  readonly #requests: ObservationRequests;
  #received: Buffer = Buffer.alloc(0);
  #onAnswer: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  private constructor(socket: Socket, requests: ObservationRequests) {
    this.#socket = socket;
    this.#requests = requests;
    socket.on('data', (bytes) => this.#read(bytes as Buffer));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server hung up')));
  }

  static open(port: number, labs: readonly string[], nowMs: number): Promise<Poster> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () =>
        resolve(new Poster(socket, new ObservationRequests(labs, `127.0.0.1:${port}`, nowMs))),
      );
    });
  }

  /**
   * Sends one request after the other, at least one, while `onAnswer` returns true; the last one is answered then.
   * @throws if an answer is not 200
   */
  run(onAnswer: (latencyMs: number, nowMs: number) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let sentMs = 0;
      const send = () => {
        sentMs = performance.now();
        this.#socket.write(this.#requests.next());
      };
      this.#fail = reject;
      this.#onAnswer = () => {
        const nowMs = performance.now();
        if (onAnswer(nowMs - sentMs, nowMs)) send();
        else resolve();
      };
      send();
    });
  }

  #read(bytes: Buffer): void {
    const received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    try {
      const answer = readAnswer(received);
      this.#received = answer === undefined ? received : Buffer.alloc(0);
      if (answer === undefined) return;
      if (answer.status !== 200 || answer.bytes !== received.length)
        throw new Error(`not one answer with 200: ${received.toString('latin1')}`);
      this.#onAnswer();
    } catch (error) {
      this.#fail(error as Error);
    }
  }
}
