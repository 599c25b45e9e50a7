import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Service, startRedis, temporaryFolder } from '@humtemp/test-services';
import type { Browser } from 'playwright-core';
import { runHumtemp } from '../humtemp-process.js';
import { startTest } from '../start-test.js';
import { openBrowser } from './browser.js';
import { openPage } from './open-page.js';
import { observe, pageTest, publish, type Scene, textOf, tile } from './scene.js';

// Both wait for what takes its time: a list that is read every ten seconds, a service that starts again.
describe('the dashboard in a real browser, live', { concurrency: true }, () => {
  let browser: Browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser.close());
  const opened = () => browser;

  // Each goes on where the one before ended.
  pageTest(opened, 'a new service', async (scene) => {
    const { context } = scene;
    await context.test('its page shows what to paste, and comes alive with the first observation', () =>
      comesAlive(scene),
    );
    await context.test('pages of one browser share one stream, and each is live', () => sharesStream(scene));
    await context.test('killed, it is said to be gone, and is found again without a reload', () =>
      findsServiceAgain(scene),
    );
    await context.test('of two thousand labs that report, only those in the window are drawn', () =>
      drawsWindowOnly(scene),
    );
  });

  lockedTest(opened);
});

async function streamsOf(baseUrl: string): Promise<number> {
  const metrics = await (await fetch(`${baseUrl}/metrics`)).text();
  return Number(/^humtemp_streams (\d+)$/m.exec(metrics)![1]);
}

async function untilStreams(baseUrl: string, count: number): Promise<void> {
  while ((await streamsOf(baseUrl)) !== count) await pause(50);
}

async function comesAlive(scene: Scene): Promise<void> {
  const { page, goto, start } = scene;
  await goto('/');
  await page.getByText('Waiting for the first observation').waitFor();
  await page.getByText(`mosquitto_pub -p ${start.ports.mqtt} -t labs/my-lab/observation`).waitFor();
  await page.getByRole('button', { name: 'Start made-up labs' }).waitFor();
  await observe(scene, 'my-lab', 22.08, 51.53);
  assert.match(await textOf(tile(page, 'my-lab')), /22\.1°C52%/);
  // The second goes over the stream that is open by then.
  await observe(scene, 'my-lab', 19.04, 40);
  await tile(page, 'my-lab').getByText('19.0').waitFor();
}

async function sharesStream(scene: Scene): Promise<void> {
  const { page, start } = scene;
  const other = await page.context().newPage();
  await other.goto(`${start.ports.baseUrl}/wall`);
  await other.getByText('19.0°').waitFor();
  await observe(scene, 'my-lab', 22, 50);
  await other.getByText('22.0°').waitFor();
  await tile(page, 'my-lab').getByText('22.0').waitFor();
  assert.equal(await streamsOf(start.ports.baseUrl), 1);
  await other.close();
  await observe(scene, 'my-lab', 23, 50);
  await tile(page, 'my-lab').getByText('23.0').waitFor();
}

async function findsServiceAgain(scene: Scene): Promise<void> {
  const { page, start } = scene;
  const other = await page.context().newPage();
  await other.goto(start.ports.baseUrl);
  await tile(other, 'my-lab').waitFor();
  await page.evaluate('window.stays = true');
  await start.kill();
  await page.getByText(/no connection for/).waitFor();
  await page.getByRole('alert').getByText('does not answer').waitFor();
  // A page whose code is not there yet: it comes with the service.
  await other.getByRole('link', { name: 'Operations' }).click();
  await start.restart();
  await page.locator('.link-state[data-state=live]').waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
  await observe(scene, 'my-lab', 25.5, 50);
  await tile(page, 'my-lab').getByText('25.5').waitFor();
  assert.ok(await page.evaluate('window.stays'));
  await other.locator('.readiness[data-ready=true]').waitFor();
  await other.close();
}

async function drawsWindowOnly({ page, goto, start }: Scene): Promise<void> {
  const batch = (temp: number) =>
    Array.from({ length: 1999 }, (_, i) => `labs/lab-${i}/observation\t{"temp":${temp},"humidity":50}`);
  await publish(start.url, batch(21));
  await goto('/');
  await page.getByText('2,000 labs').waitFor();
  assert.ok((await page.locator('.tile').count()) < 300);
  await publish(start.url, batch(22));
  await tile(page, 'lab-0').getByText('22.0').waitFor();
  await page.getByRole('searchbox').fill('lab-1998');
  await tile(page, 'lab-1998').waitFor();
  assert.equal(await page.locator('.tile').count(), 1);
  await tile(page, 'lab-1998').getByText('22.0').waitFor();
  // Too many for one stream: it is about those in the window.
  await untilStreams(start.ports.baseUrl, 1);
  // The list, which is read again and again, would bring it too: it gets no answer.
  const isList = (url: URL) => url.pathname === '/labs';
  await page.route(isList, () => {});
  await publish(start.url, ['labs/lab-1998/observation\t{"temp":23,"humidity":50}']);
  await tile(page, 'lab-1998').getByText('23.0').waitFor();
  await page.unroute(isList);

  await goto('/ranges?range=today&sort=lab');
  await page.locator('tr[data-lab]').first().waitFor();
  assert.ok((await page.locator('tr[data-lab]').count()) < 500);
  await page.evaluate('window.scrollTo(0, document.body.scrollHeight)');
  await page.locator('tr[data-lab=my-lab]').waitFor();
}

/** A service that asks for tokens and keeps its buckets in a Redis, which freezes. */
function lockedTest(browser: () => Browser): void {
  let token = '';
  let redis: Service;
  startTest(
    'a service with tokens, over a Redis',
    async (onEnd) => {
      redis = await startRedis();
      onEnd(() => redis.close());
      const folder = await temporaryFolder('dashboard-tokens');
      onEnd(() => folder.remove());
      const file = join(folder.path, 'tokens');
      const made = await runHumtemp(['token', file, 'floor', '--labs', 'floor-2/*']);
      assert.equal(made.code, 0, made.stderr);
      token = made.stdout.trim();
      const writer = await runHumtemp(['token', file, 'writer', '--write']);
      return {
        HUMTEMP_API_TOKENS_FILE: file,
        HUMTEMP_REDIS_URL: redis.url,
        HUMTEMP_REDIS_TIMEOUT: '1s',
        HUMTEMP_MQTT_TOPICS: 'labs/+/+/observation,labs/+/observation',
        TOKEN_OF_WRITER: writer.stdout.trim(),
      };
    },
    async (parts) => {
      const { page, goto, problems, close } = await openPage(browser(), parts.start.ports.baseUrl);
      parts.onEnd(close);
      const scene = { ...parts, page, goto, problems, close, browser: browser() };
      await parts.context.test('shows a token its labs and no others', () => asksForToken(scene, token));
      await parts.context.test('says that its store is frozen, and is found again without a reload', () =>
        findsStoreAgain(scene, redis),
      );
      await parts.context.test('shows nothing to whoever has signed out', () => signsOut(scene));
      assert.deepEqual(problems, []);
    },
  );
}

async function asksForToken({ page, goto, start }: Scene, token: string): Promise<void> {
  const authorization = `Bearer ${start.env.TOKEN_OF_WRITER}`;
  for (const lab_id of ['hall', 'floor-2/7'])
    await fetch(`${start.ports.baseUrl}/observation`, {
      method: 'POST',
      headers: { authorization },
      body: JSON.stringify({ lab_id, temp: 21, humidity: 50 }),
    });
  await goto('/?order=name');
  const field = page.getByLabel('Token');
  await field.fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('not known, or has expired').waitFor();
  await field.fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await tile(page, 'floor-2/7').waitFor();
  assert.equal(await page.locator('.tile').count(), 1);
  assert.equal(await page.evaluate('document.cookie'), '');
  await page.locator('.link-state[data-state=live]').waitFor();
}

async function findsStoreAgain({ page, start }: Scene, redis: Service): Promise<void> {
  await page.evaluate('window.stays = true');
  await redis.freeze();
  // It has to wait: nothing is acknowledged that is not in the store.
  const waiting = publish(start.url, ['labs/floor-2/7/observation\t{"temp":24.5,"humidity":50}']);
  await page.getByText(/store out of reach for/).waitFor();
  await page.getByRole('alert').getByText('its store does not').waitFor();
  assert.match(await textOf(tile(page, 'floor-2/7')), /21\.0/);
  await redis.thaw();
  await page.locator('.link-state[data-state=live]').waitFor();
  await waiting;
  await tile(page, 'floor-2/7').getByText('24.5').waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
  assert.ok(await page.evaluate('window.stays'));
}

async function signsOut({ page, goto }: Scene): Promise<void> {
  const field = page.getByLabel('Token');
  await page.locator('.settings summary').click();
  await page.getByText('signed in as floor').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await field.waitFor();
  await goto('/');
  await field.waitFor();
  assert.equal(await page.locator('.tile').count(), 0);
}
