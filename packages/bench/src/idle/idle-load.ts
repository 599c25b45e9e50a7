import { openConnection, openConnections } from '../load/mqtt-connection.js';
import { say } from '../processes/told.js';

/** Connections that do nothing: says "ready" once all are open. Their keep-alive is longer than anybody looks. */
export async function runIdleLoad({
  port,
  connections,
}: {
  port: number;
  connections: number;
}): Promise<void> {
  await openConnections(connections, async (index) => {
    const socket = await openConnection(port, `idle-${index}`, () => {}, 600);
    socket.on('close', () => say('failed', `idle-${index}: the broker hung up`));
  });
  say('ready', connections);
}
