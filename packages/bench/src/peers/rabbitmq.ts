import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@humtemp/test-services';
import { findProgram } from '../processes/find-program.js';
import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';
import { untilListening } from '../processes/until-listening.js';

/** Debian puts a script on the PATH that only its own user may run; what it calls is here. */
const DEBIAN_SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
/** Erlang takes its time. */
const LISTENING_MS_MAX = 60_000;

/** Starts RabbitMQ with its MQTT plugin: a node, a port mapper and a cookie of its own, nothing but loopback. */
export async function startRabbitmq(
  processes: ProcessGroup,
): Promise<{ mqttPort: number; process: RunningProcess }> {
  const [mqttPort, nodePort, mapperPort] = [await freePort(), await freePort(), await freePort()];
  const folder = await processes.folder();
  const server = existsSync(DEBIAN_SERVER) ? DEBIAN_SERVER : findProgram('rabbitmq-server')!;
  const file = (name: string) => join(folder, name);
  await mkdir(file('mnesia'));
  await writeFile(file('enabled_plugins'), '[rabbitmq_mqtt].\n');
  await writeFile(
    file('rabbitmq.conf'),
    [
      'listeners.tcp = none',
      `mqtt.listeners.tcp.1 = 127.0.0.1:${mqttPort}`,
      'mqtt.allow_anonymous = true',
      // By default 10, for which a worker that acknowledges after the commit would wait most of the time.
      'mqtt.prefetch = 65535',
      'log.console = true',
      'log.console.level = error',
      '',
    ].join('\n'),
  );
  const mapper = { ERL_EPMD_ADDRESS: '127.0.0.1', ERL_EPMD_PORT: `${mapperPort}` };
  // In our hands: what the node would start by itself outlives it.
  const mapping = processes.spawn('epmd', findProgram('epmd')!, [], mapper);
  await untilListening(mapperPort, mapping);
  const running = processes.spawn('rabbitmq', server, [], {
    ...mapper,
    HOME: folder,
    RABBITMQ_NODENAME: 'bench@localhost',
    RABBITMQ_DIST_PORT: `${nodePort}`,
    RABBITMQ_MNESIA_BASE: file('mnesia'),
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_LOGS: '-',
    RABBITMQ_CONFIG_FILE: file('rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: file('enabled_plugins'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}',
    // Its script then becomes the server, so that the process we started is the one to measure and to stop.
    RUNNING_UNDER_SYSTEMD: 'true',
  });
  await untilListening(mqttPort, running, LISTENING_MS_MAX);
  return { mqttPort, process: running };
}
