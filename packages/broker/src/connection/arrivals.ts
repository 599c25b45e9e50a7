import type { TapTransport, TransportObserver } from '@humtemp/intake';
import type { Budget } from '../budgets/budget.js';
import { Kept } from '../budgets/kept.js';
import { ownerOfAddress } from '../budgets/owner.js';
import type { ConnectionLog } from './connection-log.js';
import { FirstFrame } from './first-frame.js';
import type { ServingClock } from './serving-clock.js';
import type { StrangerTurns } from './stranger-turns.js';

export interface ArrivalsOptions {
  readonly limits: { readonly connectBytesMax: number; readonly connectTimeoutMs: number };
  /** For what has come of a CONNECT that is not whole. */
  readonly budget: Budget;
  readonly clock: ServingClock;
  readonly log: ConnectionLog;
  /** In which connections are closed. */
  readonly turns: StrangerTurns;
  /** @param behind what stands behind the CONNECT, good until the call returns. */
  readonly onConnect: (transport: TapTransport, address: string, connect: Buffer, behind: Buffer) => void;
}

const NO_ROOM = 'too much is unfinished of others that connect';

/**
 * Connections whose CONNECT is not whole yet. Of thousands that come at once most may be strangers' that never say one, so there
 * is nothing of them but what they have sent: no tap, no client.
 *
 *     listener ──▶ arriving ──a CONNECT, in time──▶ onConnect
 *                     │└──something else, or too long──▶ closed, in its turn
 *                     └──no room for what has come──▶ not read any more ──its time is over──▶ closed, in its turn
 *
 * Who finds no room is not closed at once: it would be back in no time, and thousands of them again and again take more than
 * those that wait.
 */
export class Arrivals {
  readonly #all = new Set<Arrival>();

  constructor(readonly options: ArrivalsOptions) {}

  get count(): number {
    return this.#all.size;
  }

  add(transport: TapTransport, address: string): void {
    this.#all.add(new Arrival(this, transport, address));
  }

  remove(arrival: Arrival): void {
    this.#all.delete(arrival);
  }

  /** Nothing more is read of it; it is closed when there is time for strangers. */
  closeSoon({ transport }: Arrival): void {
    transport.pause();
    this.options.turns.add(() => transport.destroy());
  }

  /** Ends those that do not say their CONNECT in time. To be called now and then. */
  takeCare(): void {
    const { clock, limits } = this.options;
    const sinceMs = clock.servedMs - limits.connectTimeoutMs;
    for (const arrival of this.#all)
      if (arrival.sinceMs < sinceMs) arrival.end('connect did not arrive in time');
  }

  close(): void {
    for (const { transport } of this.#all) transport.destroy();
  }
}

class Arrival implements TransportObserver {
  readonly sinceMs: number;
  readonly #first: FirstFrame;
  #kept: Kept | undefined;
  /** Whether its reason to end was logged. */
  #isLogged = false;
  #isOver = false;

  constructor(
    readonly arrivals: Arrivals,
    readonly transport: TapTransport,
    readonly address: string,
  ) {
    const { clock, limits } = arrivals.options;
    this.sinceMs = clock.servedMs;
    this.#first = new FirstFrame(limits.connectBytesMax);
    transport.observe(this);
  }

  onReceived(bytes: Buffer): void {
    if (this.#isOver) return;
    const state = this.#first.take(bytes);
    if (state === undefined) this.#keep();
    else if ('refusal' in state) this.end(state.refusal);
    else this.#connect(state.frame, state.rest);
  }

  /** The other side goes without a word. */
  onEnd(): void {
    this.transport.destroy();
  }

  onFailure({ message }: Error): void {
    this.#warn(message);
  }

  onClosed(): void {
    this.#leave();
  }

  onDrained(): void {}

  end(reason: string): void {
    if (this.#isOver) return;
    this.#warn(reason);
    this.#leave();
    this.arrivals.closeSoon(this);
  }

  #keep(): void {
    this.#kept ??= new Kept(this.arrivals.options.budget, { owner: ownerOfAddress(this.address) });
    if (this.#kept.set(this.#first.keptBytes)) return;
    this.#warn(NO_ROOM);
    this.transport.pause();
    this.#giveBack();
  }

  #connect(frame: Buffer, behind: Buffer): void {
    const { transport, address } = this;
    this.#isOver = true;
    this.arrivals.remove(this);
    this.arrivals.options.onConnect(transport, address, Buffer.from(frame), behind);
    this.#giveBack();
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.arrivals.remove(this);
    this.#giveBack();
  }

  #giveBack(): void {
    this.#first.end();
    this.#kept?.set(0);
  }

  #warn(reason: string): void {
    if (this.#isOver || this.#isLogged) return;
    this.#isLogged = true;
    const { log } = this.arrivals.options;
    log.warn('connection ended', { address: this.address, client: undefined, topic: undefined }, reason);
  }
}
