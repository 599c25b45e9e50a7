import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openBrowser } from './browser.js';
import { barriersOf, openPage } from './open-page.js';
import {
  focused,
  LAB,
  MINUTES,
  observe,
  pageTest,
  replay,
  type Scene,
  settled,
  textOf,
  tile,
} from './scene.js';

const LIMITS = 'temp=21..23&humidity=42..58';
const PAGES = ['/', '/hours', '/ranges', '/operations', '/wall', `/lab/${LAB}`, `/paper/${LAB}`];
const HOUR_MS = 3_600_000;
/** What is of other colours than these is nowhere. */
const DARK_PAGES = ['/', `/lab/${LAB}`];

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
      await context.test(
        'a chart that is dragged with Shift moves as far as the pointer, and without it is zoomed',
        () => chartFollowsPointer(scene),
      );
      await context.test('everything can be reached with the keyboard alone', () =>
        keyboardReachesAll(scene),
      );
      await context.test('which room was too damp last night, and for how long, is three clicks away', () =>
        dampRoomIsFound(scene),
      );
      await context.test('it fits a phone of any language, unit and zone, and with a wrong clock', () =>
        fitsPhone(scene),
      );
      await context.test('nobody is kept out, light or dark, and nothing runs that the policy forbids', () =>
        hasNoBarriers(scene),
      );
    },
  );
});

interface Listed {
  readonly lab_id: string;
  readonly latest: { readonly temp: number; readonly humidity: number };
}

type Values = Readonly<Record<string, number | null>>;

interface Summary {
  readonly lab_id: string;
  readonly observations: number;
  readonly coverage: number;
  readonly temp: Values;
  readonly humidity: Values;
  readonly mean_kinetic_temp: { readonly value: number };
}

async function numbersAreThoseOfTheApi(scene: Scene): Promise<void> {
  const { page, goto, start } = scene;
  const { labs } = await start.get<{ labs: Listed[] }>('/labs');
  await goto('/');
  await tile(page, LAB).waitFor();
  assert.equal(await page.locator('.tile').count(), labs.length);
  await showsLatest(page, labs);
  const ledger = await start.get<Record<string, number>>('/ledger');
  const equation = (await textOf(page.locator('.equation'))).replaceAll(',', '');
  for (const term of ['received', 'committed', 'duplicate'])
    assert.match(equation, new RegExp(`\\b${ledger[term]}\\s+${term}`));

  await goto('/wall');
  await page.locator('.wall-tile').first().waitFor();
  const wall = await textOf(page.locator('body'));
  for (const { latest } of labs) assert.ok(wall.includes(`${latest.temp.toFixed(1)}°`), wall);

  await summaryIsThatOfTheApi(scene);
  await tableIsThatOfTheApi(scene);

  await hoursAreThoseOfTheApi(scene);
}

async function hoursAreThoseOfTheApi(scene: Scene): Promise<void> {
  const { page, goto, start } = scene;
  const currentHourS = () => Math.floor(Date.now() / 3_600_000) * 3600;
  const hourS = currentHourS();
  await goto(`/hours?colour=temp&q=${LAB}`);
  const values = page.locator('.hour-row .cell[data-kind=value]');
  await values.first().waitFor();
  const hours = await start.get<{ buckets: { temp: Values | null }[] }>(
    `/labs/${LAB}/buckets?resolution=1h&from=${hourS - 23 * 3600}`,
  );
  const cells = await values.allTextContents();
  // An hour that ended between the two answers makes them differ.
  if (currentHourS() !== hourS) return hoursAreThoseOfTheApi(scene);
  assert.deepEqual(
    cells.map((text) => /([\d.]+) °C/.exec(text)?.[1]),
    hours.buckets.flatMap(({ temp }) => (temp === null ? [] : temp.avg!.toFixed(1))),
  );
}

async function showsLatest(page: Page, labs: readonly Listed[]): Promise<void> {
  for (const { lab_id, latest } of labs) {
    const text = await textOf(tile(page, lab_id));
    assert.ok(text.includes(latest.temp.toFixed(1)) && text.includes(latest.humidity.toFixed(0)), text);
  }
}

/** The card of a lab, over an hour that is over. */
async function summaryIsThatOfTheApi({ page, goto, start }: Scene): Promise<void> {
  const from = Math.floor(Date.now() / 1000 - MINUTES * 60);
  const to = from + 3600;
  const iso = (s: number) => new Date(s * 1000).toISOString();
  await goto(`/lab/${LAB}?from=${iso(from)}&to=${iso(to)}&${LIMITS}`);
  const summary = await start.get<Summary>(`/labs/${LAB}/summary?from=${from}&to=${to}&${LIMITS}`);
  await page.getByText(`${summary.observations}, coverage`).waitFor();
  for (const metric of ['temp', 'humidity'] as const)
    for (const key of ['avg', 'min', 'p05', 'p50', 'p95', 'max']) {
      const shown = page.locator(`.summary-table td[data-key=${key}][data-metric=${metric}]`);
      const value = await shown.getAttribute('data-value');
      assert.equal(value === null ? null : Number(value), summary[metric][key], `${metric} ${key}`);
    }
}

/** Every number of the table of a week, and its CSV. */
async function tableIsThatOfTheApi({ page, goto, start }: Scene): Promise<void> {
  await goto(`/ranges?range=week&${LIMITS}`);
  await page.locator(`tr[data-lab="${LAB}"] [data-key=excursions_ms][data-value]`).waitFor();
  const from = await page.evaluate<number>(
    'const now = new Date(); new Date(now.getFullYear(), now.getMonth(), now.getDate() - 6) / 1000',
  );
  const query = `from=${from}&${LIMITS}`;
  const { labs } = await start.get<{ labs: Summary[] }>(`/lab-summaries?${query}`);
  const { excursions } = await start.get<{ excursions: { lab_id: string }[] }>(`/excursions?${query}`);
  const shown = await page.evaluate<Record<string, Record<string, string>>>(`Object.fromEntries(
    [...document.querySelectorAll('tr[data-lab]')].map((row) => [row.dataset.lab, Object.fromEntries(
      [...row.querySelectorAll('td')].map(({ dataset }) => [dataset.key, dataset.value]))]))`);
  for (const lab of labs) {
    const row = shown[lab.lab_id]!;
    const number = (key: string) => (row[key] === undefined ? null : Number(row[key]));
    for (const metric of ['temp', 'humidity'] as const)
      for (const key of ['min', 'avg', 'max', 'p05', 'p95'])
        assert.equal(number(`${metric}_${key}`), lab[metric][key], `${lab.lab_id} ${metric} ${key}`);
    assert.equal(number('in_range'), Math.min(lab.temp.in_range!, lab.humidity.in_range!));
    assert.equal(number('mean_kinetic_temp'), lab.mean_kinetic_temp.value);
    assert.equal(number('observations'), lab.observations);
    const isBeyond = excursions.some(({ lab_id }) => lab_id === lab.lab_id);
    assert.equal(number('excursions_ms')! > 0, isBeyond, lab.lab_id);
  }
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByText('Download CSV').click(),
  ]);
  const csv = await readFile(await download.path(), 'utf8');
  for (const lab of labs) assert.ok(csv.includes(`,${lab.temp.avg},`), csv.slice(0, 300));
}

async function chartFollowsPointer({ page, goto }: Scene): Promise<void> {
  const toMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const fromMs = toMs - 2 * HOUR_MS;
  await goto(`/lab/${LAB}?from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`);
  const chart = page.locator('.chart .u-over').first();
  await chart.waitFor();
  const { x, y, width } = (await chart.boundingBox())!;
  const drag = async (fromX: number, toX: number) => {
    await page.mouse.move(x + width * fromX, y + 60);
    await page.mouse.down();
    await page.mouse.move(x + width * ((fromX + toX) / 2), y + 70);
    await page.mouse.move(x + width * toX, y + 70);
    await page.mouse.up();
  };
  const shown = () => {
    const { searchParams } = new URL(page.url());
    return [searchParams.get('from'), searchParams.get('to')].map((text) => Date.parse(text!)) as [
      number,
      number,
    ];
  };
  const isNear = (ms: number, expectedMs: number) =>
    assert.ok(Math.abs(ms - expectedMs) < 90_000, new Date(ms).toISOString());

  // Half of two hours to the right: an hour earlier.
  await page.keyboard.down('Shift');
  await drag(0.25, 0.75);
  await page.keyboard.up('Shift');
  await page.waitForURL((url) => Date.parse(url.searchParams.get('from')!) !== fromMs);
  let [from, to] = shown();
  isNear(from, fromMs - HOUR_MS);
  isNear(to, toMs - HOUR_MS);

  const movedMs = from;
  await drag(0.25, 0.5);
  await page.waitForURL((url) => Date.parse(url.searchParams.get('from')!) !== movedMs);
  [from, to] = shown();
  isNear(from, movedMs + HOUR_MS / 2);
  isNear(to, movedMs + HOUR_MS);
  // Back leads to what was before.
  await page.goBack();
  await page.waitForURL((url) => Date.parse(url.searchParams.get('from')!) === movedMs);
}

async function dampRoomIsFound({ page, goto, start }: Scene): Promise<void> {
  const nowS = Math.floor(Date.now() / 1000);
  const body = JSON.stringify(
    [80, 70, 60, 50].map((min) => ({
      lab_id: 'damp-room',
      timestamp: nowS - min * 60,
      temp: 22,
      humidity: 91,
    })),
  );
  assert.equal((await fetch(`${start.ports.baseUrl}/observations`, { method: 'POST', body })).status, 200);
  // Where it is seven in the morning now, that was in the night.
  const aheadH = ((7 - new Date().getUTCHours() + 36) % 24) - 12;
  const zone = encodeURIComponent(`Etc/GMT${aheadH > 0 ? '-' : '+'}${Math.abs(aheadH)}`);
  await goto(`/?${LIMITS}&zone=${zone}`);
  await page.getByRole('link', { name: 'Ranges', exact: true }).click();
  await page.getByRole('button', { name: 'Last night' }).click();
  const first = page.locator('tr[data-lab]').first();
  await first.getByText('too damp').waitFor();
  assert.equal(await first.getAttribute('data-lab'), 'damp-room');
  // Four buckets of five minutes, none beside another.
  assert.equal(await textOf(first.locator('.range-excursions b')), '20 min');
  await first.getByRole('link').click();
  const found = page.locator('.excursions li').first();
  await found.getByText('too damp').waitFor();
  assert.ok((await textOf(found)).includes('91'));
}

async function keyboardReachesAll(scene: Scene): Promise<void> {
  const { page, goto } = scene;
  await goto(`/?${LIMITS}`);
  await tile(page, LAB).waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Skip to the content');
  await tile(page, LAB).locator('a').focus();
  await page.keyboard.press('Enter');
  await page.locator('.chart canvas').first().waitFor();
  assert.ok(page.url().includes(`/lab/${LAB}`));
  const before = await textOf(page.locator('.charts-head'));
  await page.locator('.charts').focus();
  await page.keyboard.press('ArrowLeft');
  await page.waitForURL(/from=/);
  assert.notEqual(await textOf(page.locator('.charts-head')), before);
  await page.keyboard.press('Escape');
  await page.waitForURL((url) => !url.searchParams.has('from'));
  await page.getByRole('button', { name: 'Days', exact: true }).click();
  await page.locator('.day-table .cell[data-kind=value]').first().waitFor();

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
  await goto(`/lab/${LAB}?unit=F&zone=Asia/Kathmandu`);
  await settled(page, `/lab/${LAB}`);
  assert.match(await textOf(page.locator('.readings')), /Taupunkt[\s\S]*°F/);
  assert.equal(await page.locator('html').getAttribute('lang'), 'de');
  await page.locator('.link-state[data-state=live]').waitFor();
  // Of a phone whose clock is two hours wrong: ages are by the service's clock.
  await page.addInitScript('const { now } = Date; Date.now = () => now() + 7_200_000');
  await observe(scene, LAB, 22, 50);
  await goto('/');
  await tile(page, LAB)
    .locator('time')
    .getByText(/^\d+ s$/)
    .waitFor();
  await close();
}

async function hasNoBarriers(scene: Scene): Promise<void> {
  await observe(scene, LAB, 30, 80);
  const { start } = scene;
  await fetch(`${start.ports.baseUrl}/observation`, {
    method: 'POST',
    body: '{"lab_id":"library-1","temp":"<img src=x onerror=alert(1)>"}',
  });
  // Colours are all that differs in the dark.
  const schemes = [
    { colorScheme: 'light', paths: PAGES, rules: undefined },
    { colorScheme: 'dark', paths: DARK_PAGES, rules: ['color-contrast'] },
  ] as const;
  const { page, goto } = scene;
  for (const { colorScheme, paths, rules } of schemes) {
    await page.emulateMedia({ colorScheme });
    for (const path of paths) {
      await goto(`${path}${path.includes('?') ? '&' : '?'}${LIMITS}`);
      await settled(page, path);
      assert.deepEqual(await barriersOf(page, rules), [], `${path}, ${colorScheme}`);
    }
    await goto('/hours?colour=range');
    await page.locator('.legend-scale .cell').first().waitFor();
    const contrasts = await page.evaluate<readonly number[]>(CONTRASTS_OF_SCALE);
    assert.equal(contrasts.length, 8);
    const isDark = colorScheme === 'dark';
    // The worse, the further from the background, whatever colours somebody sees.
    for (const one of contrasts)
      assert.ok((isDark ? 1 / one : one) > 1.1, `${colorScheme}: ${contrasts.join(' ')}`);
  }
}

/** Of each step of the legend of hours, from all outside to all in range, by how much it is the brighter one (WCAG 2.2). */
const CONTRASTS_OF_SCALE = `(() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
  const linear = (share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
  const luminances = [...document.querySelectorAll('.legend-scale .cell')].map((cell) => {
    canvas.fillStyle = getComputedStyle(cell).backgroundColor;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  });
  return luminances.slice(1).map((luminance, i) => (luminance + 0.05) / (luminances[i] + 0.05));
})()`;
