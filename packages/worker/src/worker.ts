import type { Intake, TopicFilters } from '@humtemp/intake';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { Logger } from 'pino';

export interface WorkerOptions {
  /** mqtt:// or mqtts://, with user and password if the broker asks for them. */
  readonly url: string;
  /** Names this worker's session at the broker: the same at every start, different for each worker. */
  readonly clientId: string;
  /** Workers of one group split the stream. */
  readonly group: string;
  readonly sessionExpiryS: number;
  readonly filters: TopicFilters;
  readonly intake: Intake;
  readonly log: Logger;
}

/** Subscribes to an external broker and feeds intake; a publish is acknowledged once intake has settled it. */
export class Worker {
  readonly #client: MqttClient;
  #subscribed = false;
  #reason = 'not connected yet';

  constructor(readonly options: WorkerOptions) {
    const { url, clientId, sessionExpiryS, log } = options;
    const clientOptions: IClientOptions = {
      clientId,
      clean: false,
      protocolVersion: 5,
      properties: { sessionExpiryInterval: sessionExpiryS },
      reconnectPeriod: 1000,
      resubscribe: false,
    };
    this.#client = connect(url, clientOptions);
    this.#client.handleMessage = (packet, acknowledge) => {
      const topic = packet.topic.toString();
      const lab = options.filters.labOf(topic);
      if (lab === undefined) {
        acknowledge();
        return;
      }
      options.intake.receive(lab, Buffer.from(packet.payload), topic, packet.retain);
      options.intake.afterSettled(() => acknowledge());
    };
    this.#client.on('connect', () => void this.#subscribe());
    this.#client.on('error', (error) => this.#down(error.message));
    this.#client.on('close', () => this.#down('connection closed'));
    log.debug({ url: withoutPassword(url), clientId }, 'connecting');
  }

  /** Why no observations are coming in; undefined when all is well. */
  get notReadyReason(): string | undefined {
    return this.#subscribed ? undefined : `MQTT broker ${withoutPassword(this.options.url)}: ${this.#reason}`;
  }

  async close(): Promise<void> {
    await this.#client.endAsync();
  }

  async #subscribe(): Promise<void> {
    const { filters, group, log } = this.options;
    const topics = filters.filters.map((filter) => `$share/${group}/${filter}`);
    try {
      await this.#client.subscribeAsync(topics, { qos: 1 });
      this.#subscribed = true;
      log.info({ topics }, 'subscribed');
    } catch (error) {
      this.#down(`subscription refused: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #down(reason: string): void {
    if (this.#subscribed || reason !== this.#reason)
      this.options.log.warn({ reason }, 'no observations from the broker');
    this.#subscribed = false;
    this.#reason = reason;
  }
}

/** The URL as logs may show it. */
export function withoutPassword(url: string): string {
  const parsed = new URL(url);
  if (parsed.password !== '') parsed.password = '…';
  return parsed.toString();
}
