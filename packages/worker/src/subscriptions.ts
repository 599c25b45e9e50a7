import { backOffMs } from '@humtemp/intake';
import type { BrokerConnection } from './broker-connection.js';

const ASK_AGAIN_MS = { min: 1000, max: 60_000 };

/**
 * What a worker wants to be subscribed to on one connection, and what the broker granted of it.
 *
 *     wanted ──QoS 1 granted──▶ strong
 *        └──QoS 0 granted─────▶ weak ──asked again, ever more rarely──▶ strong, or weak still
 *
 * A refusal, and a broker that does not answer, end the connection: that is for its owner to try again.
 */
export class Subscriptions {
  #wanted: readonly string[] = [];
  #weak: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(
    readonly connection: BrokerConnection,
    /** Called when the broker granted more or less than before. */
    readonly onGranted: () => void,
    private readonly askAgainMs = ASK_AGAIN_MS,
  ) {
    void connection.ended.then(() => this.end());
  }

  /** Those that the broker granted with QoS 0 only: what it has for us while we are away is lost. */
  get weak(): readonly string[] {
    return this.#weak;
  }

  /**
   * Subscribes to what is new among these, and unsubscribes from what is no longer. @throws ConnectionError
   */
  async want(filters: readonly string[]): Promise<void> {
    const before = this.#wanted;
    this.#wanted = filters;
    const added = filters.filter((filter) => !before.includes(filter));
    const gone = before.filter((filter) => !filters.includes(filter));
    const weak = added.length > 0 ? await this.connection.subscribe(added) : [];
    if (gone.length > 0) await this.connection.unsubscribe(gone);
    this.#use([...this.#weak.filter((filter) => !gone.includes(filter)), ...weak], 0);
  }

  /** Ends all of them; those of the session too. @throws if the broker does not answer. */
  async leave(): Promise<void> {
    this.end();
    await this.connection.unsubscribe(this.#wanted);
  }

  /** Asks no more. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #use(weak: readonly string[], attempt: number): void {
    const hasChanged = weak.join() !== this.#weak.join();
    this.#weak = weak;
    clearTimeout(this.#timer);
    if (weak.length > 0 && !this.#ended)
      this.#timer = setTimeout(
        () => void this.#askAgain(attempt),
        backOffMs(attempt, this.askAgainMs),
      ).unref();
    if (hasChanged) this.onGranted();
  }

  async #askAgain(attempt: number): Promise<void> {
    const asked = this.#weak;
    try {
      const weak = await this.connection.subscribe(asked);
      // Others may have been wanted meanwhile.
      const later = this.#weak.filter((filter) => !asked.includes(filter));
      if (!this.#ended) this.#use([...weak, ...later], attempt + 1);
    } catch {
      // The connection has ended, or will: the next one subscribes anew.
      this.connection.abort();
    }
  }
}
