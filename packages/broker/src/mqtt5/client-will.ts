import type { ConnectPacket } from 'aedes';
import type { ReadProperties } from '../client/publish-reader.js';
import type { PublishProperties } from '../subscribers/publish-properties.js';
import type { Mqtt5Client } from './mqtt5-client.js';

/** What a client leaves that goes without a word (3.1.2.5). */
export class ClientWill {
  readonly #sinceMs = performance.now();

  constructor(
    readonly client: Mqtt5Client,
    readonly will: NonNullable<ConnectPacket['will']>,
    readonly read: ReadProperties | undefined,
  ) {}

  /** The client has gone. The will waits for its delay, but not for longer than the session [MQTT-3.1.3-9]. */
  leave(sessionExpiryMs: number): void {
    const { client, read } = this;
    const { connection, hub } = client;
    const delayS = Math.min(read?.willDelayS ?? 0, sessionExpiryMs / 1000);
    const { connects } = connection.hub.budgets;
    const { owner, connectBytes } = connection;
    if (delayS === 0 || !connects.take(owner, connectBytes)) this.#publish();
    else
      hub.wills.add(
        client.id,
        delayS,
        () => this.#publish(),
        () => connects.give(owner, connectBytes),
      );
  }

  /** Asks as for any publish, and hands it to its subscribers. */
  #publish(): void {
    const { client, will } = this;
    const { topic, qos = 0, retain = false } = will;
    const payload = Buffer.from(will.payload);
    const publish = {
      topic,
      payload,
      qos: qos as 0 | 1 | 2,
      retain,
      dup: false,
      properties: this.#properties,
    };
    client.hub.slowLane.receive(client, client.connection, publish, true, (error) => {
      if (!error) client.publish(publish);
    });
  }

  /** Its time begins now. */
  get #properties(): PublishProperties | undefined {
    const properties = this.read?.properties;
    if (properties === undefined) return undefined;
    const { passed, expiresAtMs } = properties;
    return { passed, expiresAtMs: expiresAtMs + performance.now() - this.#sinceMs };
  }
}
