import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@humtemp/test-services';
import { connectAsync } from 'mqtt';
import type { Browser, Locator, Page } from 'playwright-core';
import { runHumtemp } from '../humtemp-process.js';
import { csvOf, sensorRows } from '../sensor-rows.js';
import { type StartParts, startTest } from '../start-test.js';
import { type OpenedPage, openPage } from './open-page.js';

/** What is replayed instead of rows made up: a file with labs such as library-1. */
const RECORDING = process.env.CSV;
/** One of the labs that are replayed. */
export const LAB = process.env.LAB ?? 'library-1';
const LABS = 6;
export const MINUTES = 150;

/** A start with a page of the dashboard open. */
export interface Scene extends StartParts, OpenedPage {
  readonly browser: Browser;
}

/** A test of a start with a page open, which must have had no problem in the end. */
export function pageTest(browser: () => Browser, name: string, body: (scene: Scene) => Promise<void>): void {
  startTest(name, {}, async (parts) => {
    const opened = await openPage(browser(), parts.start.ports.baseUrl);
    parts.onEnd(() => opened.close());
    await body({ ...parts, ...opened, browser: browser() });
    assert.deepEqual(opened.problems, []);
  });
}

/** The tile of a lab on the overview. */
export function tile(page: Page, lab: string) {
  return page.locator('.tile').filter({ has: page.getByRole('link', { name: lab, exact: true }) });
}

export async function textOf(locator: Locator): Promise<string> {
  return (await locator.textContent()) ?? '';
}

/** Counts an observation. */
export async function observe(
  { start }: StartParts,
  lab_id: string,
  temp: number,
  humidity: number,
): Promise<void> {
  const body = JSON.stringify({ lab_id, temp, humidity });
  const { status } = await fetch(`${start.ports.baseUrl}/observation`, { method: 'POST', body });
  assert.equal(status, 200);
}

/** Replays what six labs said in hours. */
export async function replay({ start, onEnd }: StartParts): Promise<void> {
  const folder = await temporaryFolder('dashboard-replay');
  onEnd(() => folder.remove());
  const file = join(folder.path, 'rows.csv');
  const nowS = Math.floor(Date.now() / 1000);
  await writeFile(
    file,
    RECORDING === undefined ? csvOf(sensorRows(LABS, MINUTES, nowS)) : await readFile(RECORDING),
  );
  const args = ['replay', file, '--shift-to', String(nowS), '--url', start.url, '--api', start.ports.baseUrl];
  const { code, stderr } = await runHumtemp(args);
  assert.equal(code, 0, stderr);
}

/** Whether what a page is for has come. */
export async function settled(page: Page, path: string): Promise<void> {
  const mark =
    path === '/'
      ? '.tile .spark path[d^=M]'
      : path === '/wall'
        ? '.wall-tile'
        : path.startsWith('/hours')
          ? '.cell[data-kind=value]'
          : path.startsWith('/ranges')
            ? 'td[data-key=temp_avg]'
            : path.startsWith('/operations')
              ? '.readiness'
              : path.startsWith('/paper')
                ? '.sheet tfoot'
                : '.calendar .cell[data-kind=value]';
  await page.locator(mark).first().waitFor({ state: 'attached' });
}

/** The text of what has the focus. */
export function focused(page: Page): Promise<string> {
  return page.evaluate<string>('document.activeElement.textContent');
}

/** Publishes lines of a topic, a tab and a payload, all acknowledged. */
export async function publish(url: string, lines: readonly string[]): Promise<void> {
  const client = await connectAsync(url);
  await Promise.all(
    lines.map((line) => {
      const [topic, payload] = line.split('\t') as [string, string];
      return client.publishAsync(topic, payload, { qos: 1 });
    }),
  );
  await client.endAsync();
}
