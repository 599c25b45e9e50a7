import type { Logger } from 'pino';
import type { BrokerConnection } from './broker-connection.js';

/**
 * What a worker logs about how its broker is set up or what it has lost, each with the setting to change; over all
 * connections of the worker.
 */
export class BrokerWarnings {
  #droppedBefore: number | undefined;
  #hasWarnedOfExpiry = false;

  constructor(
    readonly log: Logger,
    /** What the session is asked to be kept for. */
    readonly sessionExpiryS: number,
    /** Called with the publishes that the broker has dropped since the last look. */
    readonly onDropped: (publishes: number) => void,
  ) {}

  /** Warns once if the broker keeps our session for less time than it was asked to, or does not say for how long. */
  sessionExpiry({ protocolVersion, sessionExpiryS: grantedS }: BrokerConnection): void {
    const { log, sessionExpiryS: askedS } = this;
    if (this.#hasWarnedOfExpiry) return;
    if (protocolVersion === 4)
      log.warn(
        'over MQTT 3.1.1 HUMTEMP_MQTT_SESSION_EXPIRY has no effect: how long the session of an absent worker is kept ' +
          'is a setting of the broker',
      );
    else if (grantedS !== undefined && grantedS < askedS)
      log.warn(
        { grantedS, askedS },
        'the broker keeps the session of an absent worker for less time than HUMTEMP_MQTT_SESSION_EXPIRY asks for',
      );
    else return;
    this.#hasWarnedOfExpiry = true;
  }

  /** @param limit of publishes that are not acknowledged; undefined while none is seen */
  throttle(limit: number | undefined, { brokerName = '' }: BrokerConnection): void {
    if (limit === undefined) return;
    const setting = /mosquitto/i.test(brokerName)
      ? 'max_inflight_messages of Mosquitto'
      : 'mqtt.prefetch of RabbitMQ, max_ack_pending of NATS, max_inflight of EMQX, or what its broker calls it';
    this.log.warn(
      { inFlight: limit },
      `the broker sends no more than this before we acknowledge, which slows us down; raise its limit (${setting})`,
    );
  }

  /** @param total publishes that the broker has dropped since it started */
  droppedTotal(total: number): void {
    const before = this.#droppedBefore ?? total;
    this.#droppedBefore = total;
    // A broker that was restarted counts from 0.
    const dropped = total < before ? total : total - before;
    if (!(dropped > 0)) return;
    this.onDropped(dropped);
    this.log.warn(
      { dropped, total },
      'the broker has dropped publishes, of ours or of others; raise its limit (Mosquitto: max_queued_messages)',
    );
  }

  /** For one connection. Acknowledges what it cannot count: our session would fill with it. */
  unknownTopics(): (topic: string) => 'acknowledge' {
    let isLogged = false;
    return (topic) => {
      if (!isLogged)
        this.log.warn(
          { topic },
          'acknowledged and not counted: a publish on a topic of no filter, from an earlier subscription of our ' +
            'session; this is logged once for each connection',
        );
      isLogged = true;
      return 'acknowledge';
    };
  }
}
