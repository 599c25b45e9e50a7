import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const SERIOUS = new Set(['serious', 'critical']);

/** A page of the dashboard, and everything that went wrong in it. */
export interface OpenedPage {
  readonly page: Page;
  /** Scripts that failed, and what the page's policy forbade. */
  readonly problems: string[];
  goto(path: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens a page in a browser profile of its own, in Berlin (or Tokyo, see below) and in English unless asked otherwise. */
export async function openPage(
  browser: Browser,
  baseUrl: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: zoneFarFromMidnight(),
    reducedMotion: 'reduce',
    ...options,
  });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (/content security policy|refused to/i.test(message.text())) problems.push(message.text());
  });
  return {
    page,
    problems,
    goto: async (path) => {
      await page.goto(baseUrl + path);
    },
    close: () => context.close(),
  };
}

/** Berlin; around midnight there Tokyo, so that no day of the page ends while a test looks at it. */
function zoneFarFromMidnight(): string {
  const hour = new Date().toLocaleString('en-GB', {
    hour: '2-digit',
    hourCycle: 'h23',
    timeZone: 'Europe/Berlin',
  });
  return ['23', '00'].includes(hour) ? 'Asia/Tokyo' : 'Europe/Berlin';
}

const STANDARD = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** Rows that are made as those before them: looking at each takes most of the time. */
const REPEATED = ['.hour-row:nth-child(n+3)', '.hour-table tbody tr:nth-child(n+3)'];

/** What axe finds that keeps people out, one a line: the rule and where. By WCAG 2.2 AA, or some rules only. */
export async function barriersOf(page: Page, runOnly: readonly string[] = STANDARD): Promise<string[]> {
  await page.evaluate(await readFile(AXE, 'utf8'));
  const options = JSON.stringify({ resultTypes: ['violations'], runOnly });
  const { violations } = (await page.evaluate(
    `axe.run({ exclude: ${JSON.stringify(REPEATED)} }, ${options})`,
  )) as {
    violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
  };
  return violations
    .filter(({ impact }) => SERIOUS.has(impact))
    .flatMap(({ id, nodes }) =>
      nodes
        .slice(0, 3)
        .map(
          ({ html, failureSummary }) =>
            `${id}: ${html.slice(0, 160)} ${failureSummary.replaceAll('\n', ' ').slice(0, 200)}`,
        ),
    );
}
