import type { Aedes, Client } from 'aedes';

/**
 * Knows whether anybody subscribes to anything, clients that are away but have a session included. As long as nobody
 * does, an observation has nowhere to go but into the store.
 */
export class SubscriptionWatch {
  readonly #filtersByClient = new Map<string, Set<string>>();

  constructor(aedes: Aedes) {
    aedes.on('subscribe', (subscriptions, client) => {
      if (client === null) return;
      const filters = this.#filtersByClient.get(client.id) ?? new Set();
      for (const { topic } of subscriptions) if (!topic.startsWith('$SYS/')) filters.add(topic);
      if (filters.size > 0) this.#filtersByClient.set(client.id, filters);
    });
    aedes.on('unsubscribe', (unsubscriptions, client) => {
      if (client === null) return;
      const filters = this.#filtersByClient.get(client.id);
      for (const topic of unsubscriptions) filters?.delete(topic);
      if (filters?.size === 0) this.#filtersByClient.delete(client.id);
    });
    aedes.on('client', (client) => this.#forgetIfClean(client));
    aedes.on('clientDisconnect', (client) => this.#forgetIfClean(client));
  }

  get nobodySubscribes(): boolean {
    return this.#filtersByClient.size === 0;
  }

  #forgetIfClean(client: Client): void {
    if (client.clean) this.#filtersByClient.delete(client.id);
  }
}
