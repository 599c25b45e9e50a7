import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '@humtemp/test-services';
import { FaultLane, type LaneFaults, noLaneFaults } from './fault-lane.js';

/** Where bytes go. */
export type Direction = 'toServer' | 'toClient';

export interface FaultProxyOptions {
  readonly target: { readonly host: string; readonly port: number };
}

/**
 * Which chunks of requests a cut is about: every `every`-th of those that match, all connections together.
 */
export interface Cut {
  readonly every: number;
  /**
   * Default: any chunk. A chunk is what one read gives: at most 64 KiB, and usually what was written in one
   * go.
   */
  readonly matching?: RegExp;
}

const HOST = '127.0.0.1';
const DIRECTIONS: readonly Direction[] = ['toServer', 'toClient'];

/**
 * Stands between a client and a server on loopback and hurts what passes. Of the proxy:
 *
 *     listening ──refuse──▶ refusing ──heal──▶ listening,  any ──close──▶ closed
 *
 * Of each connection:
 *
 *     open ──one side ends, or halfClose──▶ half open ──the other ends──▶ closed
 *     open, half open ──cut──▶ closed
 *
 * Faults are switched on by their methods, for present and later connections alike, and add up. `heal`
 * switches all of them off; what was held back then passes, late. A connection of which bytes were swallowed
 * is cut then, because no network passes on a stream with a hole.
 *
 * Every connection holds a chunk or less in each direction: a side that does not read stops the other from
 * writing.
 */
export class FaultProxy {
  /** Connections taken so far. */
  accepted = 0;
  /** Connections cut so far, by whichever fault. */
  cuts = 0;
  #target: { readonly host: string; readonly port: number };
  readonly #connections = new Set<ProxiedConnection>();
  readonly #faults: Faults = { toServer: noLaneFaults(), toClient: noLaneFaults() };
  #server: Server;

  private constructor(
    readonly port: number,
    target: FaultProxyOptions['target'],
  ) {
    this.#target = target;
    this.#server = this.#createServer();
  }

  /** Listens on a port of the loopback interface. */
  static async start({ target }: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(await freePort(), target);
    await proxy.#listen();
    return proxy;
  }

  /** Connections at present. */
  get open(): number {
    return this.#connections.size;
  }

  /** Each chunk arrives so much later. */
  delay(ms: number, ...directions: Direction[]): void {
    this.#set({ delayMs: ms }, directions);
  }

  throttle(bytesPerS: number, ...directions: Direction[]): void {
    this.#set({ bytesPerS }, directions);
  }

  /** Hands bytes on in pieces of this many. */
  slice(bytes: number, ...directions: Direction[]): void {
    this.#set({ sliceBytes: bytes }, directions);
  }

  /** Connections stay open and are accepted, and nothing arrives: it is lost. */
  blackHole(...directions: Direction[]): void {
    this.#set({ swallowed: true }, directions);
  }

  /**
   * As a black hole, but what was sent arrives after all once healed, as TCP repeats what a network has lost.
   */
  hold(...directions: Direction[]): void {
    this.#set({ held: true }, directions);
  }

  /** Cuts each connection once it has passed this many bytes in this direction, counted from now. */
  cutAfter(bytes: number, direction: Direction): void {
    this.#faults.cutAfter = { bytes, direction };
    for (const connection of this.#connections) connection.passedBytes = 0;
  }

  /** Cuts the connection instead of passing on a request. */
  cutRequests(cut: Cut): void {
    this.#faults.cutRequests = { ...cut, seen: 0 };
  }

  /** Passes on a request and cuts the connection instead of passing on what the server says next. */
  cutReplies(cut: Cut): void {
    this.#faults.cutReplies = { ...cut, seen: 0 };
  }

  /** Cuts what is open. */
  cut(): void {
    for (const connection of [...this.#connections]) connection.cut();
  }

  /** Ends this direction of every present connection, the other goes on. */
  halfClose(direction: Direction): void {
    for (const connection of this.#connections) connection.halfClose(direction);
  }

  /** Accepts no connection; what is open stays so. */
  refuse(): void {
    // `close` calls back only once every connection is gone, but listens no more at once.
    this.#server.close();
  }

  /** Later connections go there: a name in front of servers, of which another has taken over. */
  switchTo(target: FaultProxyOptions['target']): void {
    this.#target = target;
  }

  async heal(): Promise<void> {
    for (const direction of DIRECTIONS) Object.assign(this.#faults[direction], noLaneFaults());
    delete this.#faults.cutAfter;
    delete this.#faults.cutRequests;
    delete this.#faults.cutReplies;
    for (const connection of [...this.#connections]) {
      if (connection.hasHole) connection.cut();
      else connection.wake();
    }
    if (this.#server.listening) return;
    this.#server = this.#createServer();
    await this.#listen();
  }

  /** Cuts everything and listens no more. */
  async close(): Promise<void> {
    this.#server.close();
    const closed = [...this.#connections].map((connection) => connection.closed);
    for (const connection of [...this.#connections]) connection.destroy();
    await Promise.all(closed);
  }

  #createServer(): Server {
    // A side that has ended may still be spoken to; nobody knows what the other still has to say.
    return createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.port, HOST);
    await once(this.#server, 'listening');
  }

  #accept(client: Socket): void {
    this.accepted += 1;
    const server = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    const connection = new ProxiedConnection(client, server, this.#faults, () => {
      this.cuts += 1;
    });
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
  }

  #set(faults: Partial<LaneFaults>, directions: readonly Direction[]): void {
    for (const direction of directions.length > 0 ? directions : DIRECTIONS)
      Object.assign(this.#faults[direction], faults);
    for (const connection of this.#connections) connection.wake();
  }
}

interface Faults extends Record<Direction, LaneFaults> {
  cutAfter?: { readonly bytes: number; readonly direction: Direction };
  cutRequests?: CountedCut;
  cutReplies?: CountedCut;
}

interface CountedCut extends Cut {
  seen: number;
}

/** Whether this chunk is one to cut at; counts it. */
function strikes(cut: CountedCut | undefined, chunk: Buffer): boolean {
  if (cut === undefined) return false;
  assert.ok(!cut.matching?.global, 'a global expression remembers where it was');
  if (cut.matching !== undefined && !cut.matching.test(chunk.toString('latin1'))) return false;
  cut.seen += 1;
  return cut.seen % cut.every === 0;
}

/** Two sockets and the lanes between them. */
class ProxiedConnection {
  readonly closed: Promise<void>;
  /** In the direction of `cutAfter`. */
  passedBytes = 0;
  readonly #lanes: Readonly<Record<Direction, FaultLane>>;
  #cutAtReply = false;
  #cut = false;

  constructor(
    readonly client: Socket,
    readonly server: Socket,
    readonly faults: Faults,
    readonly onCut: () => void,
  ) {
    this.#lanes = {
      toServer: new FaultLane(client, server, faults.toServer, (chunk) => this.#judge('toServer', chunk)),
      toClient: new FaultLane(server, client, faults.toClient, (chunk) => this.#judge('toClient', chunk)),
    };
    for (const { from, to, finished } of Object.values(this.#lanes)) {
      // `close` follows, and is what counts.
      from.on('error', () => {});
      // However one side ends, the other is told only once it has what came before.
      void finished.then(() => {
        if (!to.destroyed) to.end();
      });
    }
    // A server that is not there, or has gone: a client can notice only that.
    server.on('close', () => void this.#lanes.toClient.finished.then(() => client.destroy()));
    this.closed = Promise.all([closeOf(client), closeOf(server)]).then(() => {});
  }

  get hasHole(): boolean {
    return Object.values(this.#lanes).some((lane) => lane.hasHole);
  }

  wake(): void {
    for (const lane of Object.values(this.#lanes)) lane.wake();
  }

  halfClose(direction: Direction): void {
    this.#lanes[direction].to.end();
  }

  /**
   * The client sees the connection close. The server gets to read, and so to execute, everything that was
   * passed on, which a reset could discard; then it sees the end.
   */
  cut(): void {
    if (this.#cut) return;
    this.#cut = true;
    this.onCut();
    this.client.destroy();
    this.server.end();
    this.server.resume();
    this.wake();
  }

  destroy(): void {
    this.client.destroy();
    this.server.destroy();
    this.wake();
  }

  #judge(direction: Direction, chunk: Buffer): Buffer {
    if (this.#cut) return chunk.subarray(0, 0);
    const cut = direction === 'toServer' ? this.#isCutRequest(chunk) : this.#cutAtReply;
    if (cut) {
      this.cut();
      return chunk.subarray(0, 0);
    }
    const { cutAfter } = this.faults;
    if (cutAfter?.direction !== direction) return chunk;
    const allowed = chunk.subarray(0, cutAfter.bytes - this.passedBytes);
    this.passedBytes += allowed.length;
    if (allowed.length === chunk.length) return chunk;
    // What is allowed is written first, then the connection is cut.
    this.#lanes[direction].to.write(allowed, () => this.cut());
    return chunk.subarray(0, 0);
  }

  #isCutRequest(chunk: Buffer): boolean {
    if (strikes(this.faults.cutReplies, chunk)) this.#cutAtReply = true;
    return strikes(this.faults.cutRequests, chunk);
  }
}

function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}
