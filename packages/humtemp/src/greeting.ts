import type { Config } from './config.js';
import type { RunningRole } from './roles.js';

/** What a start says first: what listens where, and what to paste to see it work. */
export function greeting(running: RunningRole, config: Config): string {
  const lines = [''];
  const { broker, worker, api } = running;
  const store =
    'redisUrl' in config.store
      ? `Redis at ${new URL(config.store.redisUrl).host}`
      : `embedded, in ${config.store.dataDir}`;
  if (broker !== undefined) lines.push(`  MQTT broker  mqtt://${config.mqttHost}:${broker.port}`);
  if (worker !== undefined)
    lines.push(`  MQTT worker  subscribes to ${new URL(config.mqttUrl!).host} as ${config.mqttClientId}`);
  if (api !== undefined) lines.push(`  HTTP API     http://${config.apiHost}:${api.port}`);
  lines.push(`  Store        ${store}`, '');
  const topic = config.mqttTopics.filters[0]!.replace('+', 'library-20').replace(/[+#]/g, 'room-1');
  const mqtt = broker !== undefined ? { host: config.mqttHost, port: broker.port } : undefined;
  if (api !== undefined && mqtt !== undefined) {
    const where = `${mqtt.host === '127.0.0.1' ? '' : ` -h ${mqtt.host}`}${mqtt.port === 1883 ? '' : ` -p ${mqtt.port}`}`;
    lines.push(
      '  Publish a first observation and read its summary:',
      '',
      `    mosquitto_pub${where} -t ${topic} -q 1 -m '{"temp":22.08,"humidity":51.53}'`,
      `    curl 'http://${config.apiHost}:${api.port}/summary?offset=0'`,
      '',
    );
  }
  lines.push('  Ctrl-C stops.', '');
  return lines.join('\n');
}
