import type { SessionOwner } from '../sessions/sessions.js';

/** A QoS 2 publish, as far as it takes to tell whether it has come before. */
export interface Receipt {
  /** The connection that it came on. */
  readonly client: SessionOwner;
  readonly packetId: number;
  /** Of topic and payload: see `contentOf`. */
  readonly content: number;
}

/**
 * QoS 2 publishes that intake has and no session has stored yet. Until one has, the same publish may come again, also on
 * another connection [MQTT-4.3.3-2].
 */
export class PendingReceipts {
  /** By client id and packet id, as it came last. */
  readonly #receipts = new Map<string, Map<number, Receipt>>();
  /** Connections whose session a clean one has ended. */
  readonly #ended = new WeakSet<SessionOwner>();

  /**
   * Whether this is a publish that waits here already: one that says that it is sent again [MQTT-3.3.1-1], or the same
   * content in the same session. Packet ids end with a session, and a clean one with its connection [MQTT-3.1.2-6].
   */
  has({ client, packetId, content }: Receipt, isDup: boolean): boolean {
    const last = this.#receipts.get(client.id)?.get(packetId);
    if (last === undefined) return false;
    const isSameSession = last.client === client || (this.#goesOn(last.client) && !client.clean);
    return isDup || (isSameSession && last.content === content);
  }

  /** Whether something waits of a session that goes on beyond its connection. */
  hasSession(clientId: string): boolean {
    const waiting = this.#receipts.get(clientId);
    return waiting !== undefined && [...waiting.values()].some(({ client }) => this.#goesOn(client));
  }

  /** A clean session begins: what waits is of none any more. */
  endSession(clientId: string): void {
    for (const { client } of this.#receipts.get(clientId)?.values() ?? []) this.#ended.add(client);
  }

  /** Whether a clean session began after this connection. */
  hasEnded(client: SessionOwner): boolean {
    return this.#ended.has(client);
  }

  add(receipt: Receipt): void {
    const { client, packetId } = receipt;
    const waiting = this.#receipts.get(client.id);
    if (waiting === undefined) this.#receipts.set(client.id, new Map([[packetId, receipt]]));
    else waiting.set(packetId, receipt);
  }

  /** It waits no more, unless it has come again since. */
  remove(receipt: Receipt): void {
    const { client, packetId } = receipt;
    const waiting = this.#receipts.get(client.id);
    if (waiting?.get(packetId) !== receipt) return;
    waiting.delete(packetId);
    if (waiting.size === 0) this.#receipts.delete(client.id);
  }

  #goesOn(client: SessionOwner): boolean {
    return !client.clean && !this.#ended.has(client);
  }
}
