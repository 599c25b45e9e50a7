import type { ConsumerName } from './consumers.js';
import { ProcessGroup } from './processes/process-group.js';

/** One consumer against the frame source: each in a process of its own. */
export interface Measured {
  readonly publishesPerS: number;
  readonly cpuUsPerPublish: number;
}

export async function measureConsumer(
  name: ConsumerName,
  count: number,
  labs: number,
  redisUrl = '',
): Promise<Measured> {
  const processes = new ProcessGroup();
  try {
    const source = processes.startChild('source', { count, labs });
    const port = await source.hear<number>('port');
    const consumer = processes.startChild('consumer', { name, port, redisUrl });
    const [seconds, cpuUs] = await Promise.all([
      source.hear<number>('seconds'),
      consumer.hear<number>('cpu-us'),
    ]);
    return { publishesPerS: count / seconds, cpuUsPerPublish: cpuUs / count };
  } finally {
    await processes.stop();
  }
}
