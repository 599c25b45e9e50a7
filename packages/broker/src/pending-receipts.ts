import type { SessionOwner } from './aedes-internals.js';

/**
 * QoS 2 publishes that intake has and aedes has not stored yet. Until it has, the same publish may come again, also on
 * another connection [MQTT-4.3.3-2].
 */
export class PendingReceipts {
  /** By client id and packet id, the connection on which it came last. */
  readonly #connections = new Map<string, Map<number, SessionOwner>>();

  /**
   * Whether this is a publish that waits here already. Packet ids end with a session, and a clean one with its connection
   * [MQTT-3.1.2-6]; beyond it, the same is only what says that it is sent again.
   * @param isDup whether the publish says so [MQTT-3.3.1-1].
   */
  has(client: SessionOwner, packetId: number, isDup: boolean): boolean {
    const last = this.#connections.get(client.id)?.get(packetId);
    if (last === undefined) return false;
    return last === client || isDup || !(last.clean || client.clean);
  }

  /** Whether something waits of a session that goes on beyond its connection. */
  hasSession(clientId: string): boolean {
    const waiting = this.#connections.get(clientId);
    return waiting !== undefined && [...waiting.values()].some(({ clean }) => !clean);
  }

  add(client: SessionOwner, packetId: number): void {
    const waiting = this.#connections.get(client.id);
    if (waiting === undefined) this.#connections.set(client.id, new Map([[packetId, client]]));
    else waiting.set(packetId, client);
  }

  /** It waits no more, unless it has come again on another connection. */
  remove(client: SessionOwner, packetId: number): void {
    const waiting = this.#connections.get(client.id);
    if (waiting?.get(packetId) !== client) return;
    waiting.delete(packetId);
    if (waiting.size === 0) this.#connections.delete(client.id);
  }
}
