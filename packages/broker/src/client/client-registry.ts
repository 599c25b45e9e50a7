import type { EngineClient } from '../engine/engine-client.js';

/** A client that the MQTT library does not know of. */
export interface RegisteredClient extends EngineClient {
  /** We shut down. */
  shutDown(): void;
}

/** Clients that the MQTT library does not know of, by account and client id. */
export class ClientRegistry {
  readonly #clients = new Map<string, RegisteredClient>();

  /**
   * @param clientOf the client of the MQTT library that has an id.
   * @param onTakeOver a client comes whose id another one has, which ends now [MQTT-3.1.4-3].
   */
  constructor(
    readonly clientOf: (id: string) => EngineClient | undefined,
    readonly onTakeOver: (before: EngineClient, client: EngineClient) => void,
  ) {}

  /** Ends whoever has the id of a client, and adds it. */
  async takeOver(client: RegisteredClient): Promise<void> {
    for (;;) {
      const before = this.#clients.get(client.id) ?? this.clientOf(client.id);
      if (before === undefined) break;
      this.onTakeOver(before, client);
      await new Promise<void>((resolve) => before.close(() => setImmediate(resolve)));
    }
    this.#clients.set(client.id, client);
  }

  /** A client of the MQTT library comes: whoever is here and has its id ends now. */
  giveWay(client: EngineClient): void {
    const before = this.#clients.get(client.id);
    if (before === undefined) return;
    // It is asked again before the other one has closed.
    this.#clients.delete(client.id);
    this.onTakeOver(before, client);
    before.close();
  }

  remove(client: RegisteredClient): void {
    if (this.#clients.get(client.id) === client) this.#clients.delete(client.id);
  }

  /** We shut down. It is not the clients that have gone, so there are no wills. */
  close(): void {
    for (const client of this.#clients.values()) client.shutDown();
  }
}
