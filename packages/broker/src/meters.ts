import { counterBy, gaugeBy, type Meter } from '@humtemp/bucket-core';
import type { Broker } from './broker.js';

/** What the embedded broker counts, besides observations. A further kind of drop is a line in counters.ts. */
export function brokerMeters(
  broker: Pick<Broker, 'connections' | 'sessions' | 'counters'>,
): readonly Meter[] {
  return [
    gaugeBy('humtemp_connections', 'Open connections.', ['protocol'], () => [
      [{ protocol: 'mqtt' }, broker.connections],
    ]),
    gaugeBy(
      'humtemp_broker_sessions',
      'Sessions that the embedded broker keeps, by where their client is.',
      ['client'],
      () => Object.entries(broker.sessions).map(([client, count]) => [{ client }, count]),
    ),
    counterBy(
      'humtemp_broker_drops_total',
      'What the embedded broker dropped or refused, besides observations.',
      ['kind'],
      () => Object.entries(broker.counters).map(([kind, count]) => [{ kind: snakeCase(kind) }, count]),
    ),
  ];
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
