import type { Aedes, Client } from 'aedes';

/**
 * Knows whether anybody subscribes to anything, clients that are away but have a session included. As long as nobody
 * does, an observation has nowhere to go but into the store.
 */
export class SubscriptionWatch {
  readonly #filtersByClient = new Map<string, { owner: Client; readonly filters: Set<string> }>();

  constructor(aedes: Aedes) {
    aedes.on('subscribe', (subscriptions, client) => {
      if (client === null) return;
      const filters = this.#filtersByClient.get(client.id)?.filters ?? new Set();
      for (const { topic } of subscriptions) if (!topic.startsWith('$SYS/')) filters.add(topic);
      if (filters.size > 0) this.#filtersByClient.set(client.id, { owner: client, filters });
    });
    aedes.on('unsubscribe', (unsubscriptions, client) => {
      if (client === null) return;
      const filters = this.#filtersByClient.get(client.id)?.filters;
      for (const topic of unsubscriptions) filters?.delete(topic);
      if (filters?.size === 0) this.#filtersByClient.delete(client.id);
    });
    aedes.on('client', (client) => {
      if (client.clean) this.#filtersByClient.delete(client.id);
    });
    aedes.on('clientDisconnect', (client) => {
      // Not if another connection has the id, and has subscribed, since.
      if (client.clean && this.#filtersByClient.get(client.id)?.owner === client)
        this.#filtersByClient.delete(client.id);
    });
  }

  get nobodySubscribes(): boolean {
    return this.#filtersByClient.size === 0;
  }
}
