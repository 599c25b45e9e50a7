// npm run dashboard-figures [-- LABS MINUTES]: what the page costs a browser while all labs report each second.
import { setTimeout as pause } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import type { CDPSession, Page } from 'playwright-core';
import { EmbeddedStart } from '../embedded-start.js';
import { openBrowser } from './browser.js';
import { type OpenedPage, openPage } from './open-page.js';

const LABS = Number(process.argv[2] ?? 500);
const MINUTES = Number(process.argv[3] ?? 0.5);
const SECOND_MS = 1000;
const PAST_HOURS = 24;

/** Notes when the first tile comes, and every task that holds up the page for 50 ms or more. */
const WATCH = `
  window.seen = { tileMs: undefined, longMs: [] };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.seen.longMs.push(Math.round(duration));
  }).observe({ type: 'longtask', buffered: true });
  const observer = new MutationObserver(() => {
    if (document.querySelector('.tile a') === null) return;
    window.seen.tileMs = performance.now();
    observer.disconnect();
  });
  observer.observe(document, { childList: true, subtree: true });
`;

interface Seen {
  readonly tileMs: number | undefined;
  readonly longMs: readonly number[];
}

const start = await EmbeddedStart.open();
const client = await connectAsync(start.url);
let round = 0;
const publishAll = (timestamp?: number) => {
  round += 1;
  for (let i = 0; i < LABS; i++) {
    // Rooms differ, and move a little.
    const temp = 18 + (i % 60) / 8 + ((i + round * 7) % 10) / 20;
    client.publish(
      `labs/floor-${i % 9}-${i}/observation`,
      JSON.stringify({ timestamp, temp, humidity: 40 + ((i + round) % 30) }),
      { qos: 1 },
    );
  }
};
const nowS = Math.floor(Date.now() / 1000);
for (let hour = PAST_HOURS; hour > 0; hour--) publishAll(nowS - hour * 3600);
publishAll();
await start.untilReceived((PAST_HOURS + 1) * LABS);

try {
  for (let i = 0; i < 3; i++) say(`first tile, cold browser: ${await coldTileMs()} ms`);
  const timer = setInterval(() => publishAll(), SECOND_MS);
  const browser = await openBrowser();
  // One with the worker that pages share, and one that does its work itself, as on Android.
  const shared = await opened(await openPage(browser, start.ports.baseUrl));
  const alone = await opened(await openPage(browser, start.ports.baseUrl), 'delete window.SharedWorker');
  await pause(10 * SECOND_MS);
  const measures = [
    { name: 'shared hub', ...(await measure(shared.page)) },
    { name: 'own hub', ...(await measure(alone.page)) },
  ];
  const endMs = Date.now() + MINUTES * 60 * SECOND_MS;
  for (const one of measures) await one.report(one.name);
  while (Date.now() < endMs) {
    await pause(Math.min(60 * SECOND_MS, Math.max(SECOND_MS, endMs - Date.now())));
    for (const one of measures) await one.report(one.name);
  }
  clearInterval(timer);
  await browser.close();
} finally {
  await client.endAsync(true);
  await start.close();
}

/** From the beginning of the navigation in a browser that was started for it. */
async function coldTileMs(): Promise<number> {
  const browser = await openBrowser();
  const { page } = await opened(await openPage(browser, start.ports.baseUrl));
  const { tileMs } = await page.evaluate<Seen>('window.seen');
  await browser.close();
  return Math.round(tileMs ?? Number.NaN);
}

async function opened(open: OpenedPage, before = ''): Promise<OpenedPage> {
  await open.page.addInitScript(`${before};${WATCH}`);
  await open.goto('/?temp=20..25');
  await open.page.locator('.tile a').first().waitFor();
  return open;
}

/** What a page has done since, a line for each report. */
async function measure(page: Page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const firstMs = Date.now();
  let last = { atMs: firstMs, taskS: await taskSeconds(session) };
  await page.evaluate('window.seen.longMs = []');
  return {
    async report(name: string): Promise<void> {
      const next = { atMs: Date.now(), taskS: await taskSeconds(session) };
      const share = (next.taskS - last.taskS) / ((next.atMs - last.atMs) / SECOND_MS);
      last = next;
      const { longMs } = await page.evaluate<Seen>('window.seen');
      await page.evaluate('window.seen.longMs = []');
      // Collecting is a task too, and none of the page's.
      await session.send('HeapProfiler.collectGarbage');
      await session.send('HeapProfiler.collectGarbage');
      const { usedSize } = await session.send('Runtime.getHeapUsage');
      await page.evaluate('window.seen.longMs = []');
      say(
        `${name}, ${Math.round((next.atMs - firstMs) / SECOND_MS)} s: heap ${(usedSize / 2 ** 20).toFixed(1)} MB, ` +
          `main thread ${(share * 100).toFixed(1)} %, ` +
          `tasks over 50 ms: ${longMs.length === 0 ? 'none' : longMs.join(' ')}`,
      );
    },
  };
}

async function taskSeconds(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')!.value;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
