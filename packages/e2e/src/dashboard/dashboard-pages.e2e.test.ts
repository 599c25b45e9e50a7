import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe } from 'node:test';
import type { Browser } from 'playwright-core';
import { openBrowser } from './browser.js';
import { barriersOf, openPage } from './open-page.js';
import { focused, MINUTES, observe, pageTest, replay, type Scene, settled, textOf, tile } from './scene.js';

const LIMITS = 'temp=21..23&humidity=42..58';
const PAGES = [
  '/',
  '/hours',
  '/ranges?range=today',
  '/operations',
  '/wall',
  '/lab/library-1',
  '/paper/library-1',
];
/** What is of other colours than these is nowhere. */
const DARK_PAGES = ['/', '/lab/library-1'];

describe('the dashboard in a real browser, over what labs said in hours', () => {
  let browser: Browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser.close());

  // They only read, so one start is enough.
  pageTest(
    () => browser,
    'every page',
    async (scene) => {
      await replay(scene);
      const { context } = scene;
      await context.test('its numbers are those of the API', () => numbersAreThoseOfTheApi(scene));
      await context.test('everything can be reached with the keyboard alone', () =>
        keyboardReachesAll(scene),
      );
      await context.test('it fits a phone, speaks German, and writes °F and the time of any zone', () =>
        fitsPhone(scene),
      );
      await context.test('nobody is kept out, light or dark, and nothing runs that the policy forbids', () =>
        hasNoBarriers(scene),
      );
    },
  );
});

interface Latest {
  readonly temp: number;
  readonly humidity: number;
}

interface Summary {
  readonly observations: number;
  readonly temp: { readonly avg: number };
  readonly humidity: { readonly avg: number };
}

async function numbersAreThoseOfTheApi(scene: Scene): Promise<void> {
  const { page, goto, start } = scene;
  const { labs } = await start.get<{ labs: { lab_id: string; latest: Latest }[] }>('/labs');
  await goto('/');
  await tile(page, labs[0]!.lab_id).waitFor();
  assert.equal(await page.locator('.tile').count(), labs.length);
  for (const { lab_id, latest } of labs) {
    const text = await textOf(tile(page, lab_id));
    assert.ok(text.includes(latest.temp.toFixed(1)) && text.includes(latest.humidity.toFixed(0)), text);
  }
  const ledger = await start.get<Record<string, number>>('/ledger');
  const equation = (await textOf(page.locator('.equation'))).replaceAll(',', '');
  for (const term of ['received', 'committed', 'duplicate'])
    assert.match(equation, new RegExp(`\\b${ledger[term]}\\s+${term}`));

  const lab = labs[0]!.lab_id;
  const from = Math.floor(Date.now() / 1000 - MINUTES * 60);
  const to = from + 3600;
  const iso = (s: number) => new Date(s * 1000).toISOString();
  await goto(`/lab/${lab}?from=${iso(from)}&to=${iso(to)}&${LIMITS}`);
  const summary = await start.get<Summary>(`/labs/${lab}/summary?from=${from}&to=${to}&${LIMITS}`);
  for (const metric of ['temp', 'humidity'] as const) {
    const shown = page.locator(`.summary-table td[data-value][data-metric=${metric}]`);
    assert.equal(Number(await shown.getAttribute('data-value')), summary[metric].avg);
  }
  await page.getByText(`${summary.observations}, coverage`).waitFor();

  await goto(`/ranges?range=today&${LIMITS}`);
  const row = page.locator(`tr[data-lab="${lab}"]`);
  await row.waitFor();
  const midnight = await page.evaluate<number>('new Date().setHours(0, 0, 0, 0) / 1000');
  const today = await start.get<Summary>(`/labs/${lab}/summary?from=${midnight}&${LIMITS}`);
  await row.locator('[data-key=temp_avg]').getByText(today.temp.avg.toFixed(1)).waitFor();
  assert.equal(await textOf(row.locator('[data-key=observations]')), String(today.observations));
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByText('Download CSV').click(),
  ]);
  const csv = await readFile(await download.path(), 'utf8');
  assert.ok(csv.includes(`,${today.temp.avg},`), csv.slice(0, 300));
}

async function keyboardReachesAll(scene: Scene): Promise<void> {
  const { page, goto } = scene;
  await goto(`/?${LIMITS}`);
  await tile(page, 'library-1').waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Skip to the content');
  await tile(page, 'library-1').locator('a').focus();
  await page.keyboard.press('Enter');
  await page.locator('.chart canvas').first().waitFor();
  assert.match(page.url(), /\/lab\/library-1/);
  const before = await textOf(page.locator('.charts-head'));
  await page.locator('.charts').focus();
  await page.keyboard.press('ArrowLeft');
  await page.waitForURL(/from=/);
  assert.notEqual(await textOf(page.locator('.charts-head')), before);
  await page.keyboard.press('Escape');
  await page.waitForURL((url) => !url.searchParams.has('from'));

  await goto(`/hours?${LIMITS}`);
  await page.locator('.hour-row .cell[data-kind=value]').first().waitFor();
  await page.locator('.hour-row').first().locator('.cell').first().focus();
  for (const key of ['End', 'ArrowLeft', 'ArrowDown']) await page.keyboard.press(key);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/lab\/library-\d+.*from=/);
}

async function fitsPhone(scene: Scene): Promise<void> {
  const { page, goto, close } = await openPage(scene.browser, scene.start.ports.baseUrl, {
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
    locale: 'de-DE',
  });
  // Chrome on Android has none: there a page is its own hub.
  await page.addInitScript('delete window.SharedWorker');
  for (const path of PAGES.filter((path) => !path.startsWith('/paper'))) {
    await goto(path);
    await settled(page, path);
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    assert.ok(overflow <= 0, `${path}: ${overflow} px too wide`);
  }
  await goto('/lab/library-1?unit=F&zone=Asia/Kathmandu');
  await settled(page, '/lab/library-1');
  assert.match(await textOf(page.locator('.readings')), /Taupunkt[\s\S]*°F/);
  assert.equal(await page.locator('html').getAttribute('lang'), 'de');
  await page.locator('.link-state[data-state=live]').waitFor();
  await close();
}

async function hasNoBarriers(scene: Scene): Promise<void> {
  await observe(scene, 'library-1', 30, 80);
  const { start } = scene;
  await fetch(`${start.ports.baseUrl}/observation`, {
    method: 'POST',
    body: '{"lab_id":"library-1","temp":"<img src=x onerror=alert(1)>"}',
  });
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, goto, problems, close } = await openPage(scene.browser, start.ports.baseUrl, {
      colorScheme,
    });
    for (const path of colorScheme === 'light' ? PAGES : DARK_PAGES) {
      await goto(`${path}${path.includes('?') ? '&' : '?'}${LIMITS}`);
      await settled(page, path);
      assert.deepEqual(await barriersOf(page), [], `${path}, ${colorScheme}`);
    }
    assert.deepEqual(problems, []);
    await close();
  }
}
