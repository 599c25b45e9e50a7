import { ProcessGroup } from '../processes/process-group.js';
import type { ConsumerName } from './consumers.js';
import type { FormName } from './frame-source.js';

export interface Consumed {
  readonly publishesPerS: number;
  readonly cpuUsPerPublish: number;
}

/** One consumer against the frame source: each in a process of its own. */
export async function consumeOnce(
  name: ConsumerName,
  count: number,
  labs: number,
  redisUrl: string,
  form: FormName,
): Promise<Consumed> {
  const processes = new ProcessGroup();
  try {
    const source = processes.startChild('source', { count, labs, form });
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
