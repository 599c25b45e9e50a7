import { CONSUMERS, type ConsumerName } from './consumers.js';
import { runFrameSource } from './frame-source.js';

/** The other processes of a measurement: a source of frames, or a consumer of them. */
const [role, ...args] = process.argv.slice(2);

if (role === 'source') await runFrameSource(Number(args[0]), Number(args[1]));
else {
  const before = process.cpuUsage();
  await CONSUMERS[args[0] as ConsumerName](Number(args[1]), args[2] ?? '');
  const { user, system } = process.cpuUsage(before);
  process.stdout.write(`cpu-us ${user + system}\n`);
  process.exit(0);
}
