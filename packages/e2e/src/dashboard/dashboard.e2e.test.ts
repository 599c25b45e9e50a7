import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { temporaryFolder } from '@humtemp/test-services';
import type { Browser } from 'playwright-core';
import { runHumtemp } from '../humtemp-process.js';
import { startTest } from '../start-test.js';
import { openBrowser } from './browser.js';
import { openPage } from './open-page.js';
import { observe, pageTest, publish, textOf, tile } from './scene.js';

describe('the dashboard in a real browser, live', () => {
  let browser: Browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser.close());
  const opened = () => browser;

  pageTest(
    opened,
    'an empty page shows what to paste, and comes alive with the first observation',
    async (scene) => {
      const { page, goto, start } = scene;
      await goto('/');
      await page.getByText('Waiting for the first observation').waitFor();
      await page.getByText(`mosquitto_pub -p ${start.ports.mqtt} -t labs/my-lab/observation`).waitFor();
      await observe(scene, 'my-lab', 22.08, 51.53);
      assert.match(await textOf(tile(page, 'my-lab')), /22\.1°C52%/);
      // The second goes over the stream that is open by then.
      await observe(scene, 'my-lab', 19.04, 40);
      await tile(page, 'my-lab').getByText('19.0').waitFor();
    },
  );

  pageTest(
    opened,
    'a service that is killed is said to be gone, and is found again without a reload',
    async (scene) => {
      const { page, goto, start } = scene;
      await observe(scene, 'hall', 21, 50);
      await goto('/');
      await tile(page, 'hall').waitFor();
      await page.locator('.link-state[data-state=live]').waitFor();
      await page.evaluate('window.stays = true');
      await start.kill();
      await page.getByText(/no connection for/).waitFor();
      await page.getByRole('alert').getByText('does not answer').waitFor();
      await start.restart();
      await page.locator('.link-state[data-state=live]').waitFor();
      assert.equal(await page.getByRole('alert').count(), 0);
      await observe(scene, 'hall', 25.5, 50);
      await tile(page, 'hall').getByText('25.5').waitFor();
      assert.ok(await page.evaluate('window.stays'));

      // A page whose code is not there yet: it comes with the service.
      await start.kill();
      await page.getByRole('link', { name: 'Operations' }).click();
      await start.restart();
      await page.locator('.readiness[data-ready=true]').waitFor();
    },
  );

  pageTest(opened, 'pages of one browser share one stream, and each is live', async (scene) => {
    const { page, goto, start } = scene;
    await observe(scene, 'hall', 21, 50);
    await goto('/');
    const other = await page.context().newPage();
    await other.goto(`${start.ports.baseUrl}/wall`);
    await page.locator('.link-state[data-state=live]').waitFor();
    await other.getByText('21.0°').waitFor();
    await observe(scene, 'hall', 22, 50);
    await other.getByText('22.0°').waitFor();
    await tile(page, 'hall').getByText('22.0').waitFor();
    const metrics = await (await fetch(`${start.ports.baseUrl}/metrics`)).text();
    assert.match(metrics, /^humtemp_streams 1$/m);
    await page.close();
    await observe(scene, 'hall', 23, 50);
    await other.getByText('23.0°').waitFor();
  });

  pageTest(opened, 'of two thousand labs that report, only those in the window are drawn', async (scene) => {
    const { page, goto, start } = scene;
    const batch = (temp: number) =>
      Array.from({ length: 2000 }, (_, i) => `labs/lab-${i}/observation\t{"temp":${temp},"humidity":50}`);
    await publish(start.url, batch(21));
    await goto('/');
    await page.getByText('2,000 labs').waitFor();
    assert.ok((await page.locator('.tile').count()) < 300);
    await publish(start.url, batch(22));
    await tile(page, 'lab-0').getByText('22.0').waitFor();
    await page.getByRole('searchbox').fill('lab-1999');
    await tile(page, 'lab-1999').waitFor();
    assert.equal(await page.locator('.tile').count(), 1);
    // Beyond what one stream tells: the list brings it.
    await tile(page, 'lab-1999').getByText('22.0').waitFor();
  });

  tokenTest(opened);
});

/** A token lets in, to its labs only, until somebody signs out. */
function tokenTest(browser: () => Browser): void {
  let token = '';
  startTest(
    'a token is asked for once, shows its labs and no others, and is gone after signing out',
    async (onEnd) => {
      const folder = await temporaryFolder('dashboard-tokens');
      onEnd(() => folder.remove());
      const file = join(folder.path, 'tokens');
      const made = await runHumtemp(['token', file, 'floor', '--labs', 'floor-2/*']);
      assert.equal(made.code, 0, made.stderr);
      token = made.stdout.trim();
      const writer = await runHumtemp(['token', file, 'writer', '--write']);
      return { HUMTEMP_API_TOKENS_FILE: file, TOKEN_OF_WRITER: writer.stdout.trim() };
    },
    async ({ start, onEnd }) => {
      const authorization = `Bearer ${start.env.TOKEN_OF_WRITER}`;
      for (const lab_id of ['hall', 'floor-2/7'])
        await fetch(`${start.ports.baseUrl}/observation`, {
          method: 'POST',
          headers: { authorization },
          body: JSON.stringify({ lab_id, temp: 21, humidity: 50 }),
        });
      const { page, goto, problems, close } = await openPage(browser(), start.ports.baseUrl);
      onEnd(close);
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
      await page.locator('.settings summary').click();
      await page.getByText('signed in as floor').waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await field.waitFor();
      await goto('/');
      await field.waitFor();
      assert.equal(await page.locator('.tile').count(), 0);
      assert.deepEqual(problems, []);
    },
  );
}
