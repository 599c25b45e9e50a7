/**
 * Computes in another language what humtemp answers about a recording, from both stores: as it ends now, with the
 * default configuration, and over the last nights in which clocks changed in Berlin and on Lord Howe.
 *
 *     npm run independent-check -- FILE.csv
 */
import { startRedis } from '@humtemp/test-services';
import { EmbeddedStart } from './embedded-start.js';
import {
  check,
  EMBEDDED_DEFAULT,
  LONG_MEMORY,
  labsFile,
  lastClockChangeS,
  replay,
} from './independent-check.js';

const HOURS_AFTER = 8 * 3600;

const file = process.argv[2];
if (file === undefined) throw new Error('npm run independent-check -- FILE.csv');

const nowS = Math.floor(Date.now() / 1000) - 1;
const scenes = [
  { name: 'now, default configuration', shiftTo: nowS, longer: undefined },
  ...['Europe/Berlin', 'Australia/Lord_Howe'].map((zone) => ({
    name: `the night of the clock change in ${zone}`,
    shiftTo: lastClockChangeS(zone, nowS) + HOURS_AFTER,
    longer: LONG_MEMORY,
  })),
];

let differences = 0;
for (const store of ['embedded', 'redis'] as const)
  for (const { name, shiftTo, longer } of scenes) {
    const memory = longer ?? (store === 'embedded' ? EMBEDDED_DEFAULT : undefined);
    const closers: (() => Promise<unknown>)[] = [];
    try {
      const labs = await labsFile((close) => closers.push(close));
      const redis = store === 'redis' ? await startRedis() : undefined;
      if (redis !== undefined) closers.push(() => redis.close());
      const start = await EmbeddedStart.open({
        HUMTEMP_LABS_FILE: labs,
        ...(redis === undefined ? {} : { HUMTEMP_REDIS_URL: redis.url }),
        ...memory?.env,
      });
      closers.push(() => start.close());
      const replayed = { file, shiftTo, labsFile: labs, resolutions: memory?.resolutions };
      await replay(start, replayed);
      const checked = await check({ baseUrl: start.ports.baseUrl, ...replayed });
      differences += checked.differences;
      console.log(`${store}, ${name}, ends ${new Date(shiftTo * 1000).toISOString()}:\n${checked.output}`);
    } finally {
      for (const close of closers.reverse()) await close();
    }
  }
process.exitCode = differences === 0 ? 0 : 1;
