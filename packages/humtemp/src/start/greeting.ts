import type { Config } from '../config/config.js';
import type { RunningRole } from './roles.js';

/** What a start says first: what listens where, and what to paste to see it work. */
export function greeting(running: RunningRole, config: Config): string {
  const lines = [''];
  const { broker, worker, api } = running;
  const store =
    'redisUrl' in config.store
      ? `Redis at ${new URL(config.store.redisUrl).host}`
      : `embedded, in ${config.store.dataDir}`;
  for (const [i, { kind, port }] of (broker?.listeners ?? []).entries())
    lines.push(`  ${i === 0 ? 'MQTT broker' : '           '}  ${kind}://${hostOf(config.mqttHost)}:${port}`);
  if (worker !== undefined)
    lines.push(`  MQTT worker  subscribes to ${new URL(config.mqttUrl!).host} as ${config.mqttClientId}`);
  if (api !== undefined) lines.push(`  HTTP API     http://${hostOf(config.apiHost)}:${api.port}`);
  lines.push(`  Store        ${store}`, '');
  const topic = config.mqttTopics.filters[0]!.replace('+', 'library-20').replace(/[+#]/g, 'room-1');
  const port = broker?.listeners.find(({ kind }) => kind === 'mqtt')?.port;
  if (api !== undefined && port !== undefined) {
    const host = config.mqttHost;
    const needsAccount = config.mqttPasswordFile !== undefined && !config.mqttAllowAnonymous;
    const where = [
      host === '127.0.0.1' ? '' : ` -h ${host}`,
      port === 1883 ? '' : ` -p ${port}`,
      needsAccount ? ' -u USER -P PASSWORD' : '',
    ].join('');
    lines.push(
      '  Publish a first observation and read its summary:',
      '',
      `    mosquitto_pub${where} -t ${topic} -q 1 -m '{"temp":22.08,"humidity":51.53}'`,
      `    curl 'http://${hostOf(config.apiHost)}:${api.port}/summary?offset=0'`,
      '',
    );
  }
  lines.push('  Ctrl-C stops.', '');
  return lines.join('\n');
}

/** As a URL writes it. */
function hostOf(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
