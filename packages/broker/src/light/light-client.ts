import type { Connection } from '../connection/connection.js';
import type { EngineClient } from '../engine/engine-client.js';
import type { Mqtt5Hub } from '../mqtt5/mqtt5-client.js';
import { readPlainConnect } from './plain-connect.js';

const PINGREQ = 0xc0;
const DISCONNECT = 0xe0;
const ACCEPTED = 0;

/**
 * A client of MQTT 3.1.1 without a session and a will, as long as it says nothing but observations, which the tap takes, and
 * pings. It takes a tenth of the memory of a client of the MQTT library. At the first packet of another kind that one
 * takes its place, and is told what it needs:
 *
 *     connecting ──CONNECT, accepted──▶ open ──another packet──▶ replaced, by a client of the MQTT library
 *          │                             └──DISCONNECT, or the connection ends──▶ over
 *          └──refused: CONNACK with the reason──▶ over
 */
export class LightClient implements EngineClient {
  id = '';
  readonly clean = true;
  #state: 'connecting' | 'open' | 'replaced' | 'over' = 'connecting';
  readonly #onData = (chunk: Buffer) => this.#take(chunk);

  constructor(
    readonly connection: Connection,
    readonly hub: Mqtt5Hub,
  ) {
    connection.tap.on('data', this.#onData);
  }

  close(done?: () => void): void {
    this.connection.tap.destroy();
    done?.();
  }

  shutDown(): void {
    this.close();
  }

  /** The connection is closed. */
  leave(): void {
    const { hub } = this;
    hub.registry.remove(this);
    hub.sessions.leave(this);
    this.#state = 'over';
  }

  #take(chunk: Buffer): void {
    try {
      if (this.#state === 'connecting') this.#enter(chunk).catch((error) => this.#fail(error));
      else if (this.#state === 'open') this.#read(chunk);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A fault of ours, which the bytes of one client bring to light, is not to end all others. */
  #fail(error: unknown): void {
    const { connection } = this;
    connection.warn('connection ended by a fault of the broker', (error as Error).stack ?? String(error));
    connection.tap.destroy();
  }

  /** Pings, as they come. */
  #read(chunk: Buffer): void {
    const { tap } = this.connection;
    let at = 0;
    while (at + 2 <= chunk.length && chunk[at] === PINGREQ && chunk[at + 1] === 0) {
      tap.answerPing();
      at += 2;
    }
    if (at === chunk.length) return;
    if (chunk[at] === DISCONNECT && chunk[at + 1] === 0) tap.destroy();
    else this.#replace(chunk.subarray(at));
  }

  #replace(rest: Buffer): void {
    const { connection } = this;
    this.#state = 'replaced';
    connection.tap.off('data', this.#onData);
    connection.becomeWhole(rest);
  }

  /** Answers the CONNECT. */
  async #enter(frame: Buffer): Promise<void> {
    const { connection, hub } = this;
    const packet = readPlainConnect(frame)!;
    const { username, password } = packet;
    hub.admission.examine(connection, packet);
    const refusal = await hub.admission.admit(connection, username, password as Buffer | undefined);
    if (connection.tap.destroyed) return;
    if (refusal !== undefined) {
      connection.warn('connection ended', refusal.message);
      this.#state = 'over';
      connection.endWith(connack(refusal.returnCode));
      return;
    }
    this.id = packet.clientId;
    await hub.registry.takeOver(this);
    if (connection.tap.destroyed) hub.registry.remove(this);
    else this.#open();
  }

  #open(): void {
    const { connection, hub, id } = this;
    hub.slowLane.endSession(id);
    hub.sessions.end(id);
    hub.wills.arrive(id, true);
    hub.sessions.arrive(this);
    this.#state = 'open';
    connection.tap.write(connack(ACCEPTED));
    connection.open();
  }
}

function connack(returnCode: number): Buffer {
  return Buffer.from([0x20, 2, 0, returnCode]);
}
