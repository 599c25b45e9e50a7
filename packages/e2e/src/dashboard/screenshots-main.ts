// npm run screenshots [-- FOLDER]: draws docs/images anew, from a week in a made-up building. With a folder, every page into it.
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '@humtemp/test-services';
import { connectAsync } from 'mqtt';
import { EmbeddedStart } from '../embedded-start.js';
import { runHumtemp } from '../humtemp-process.js';
import { openBrowser } from './browser.js';
import { labsFile, ROOMS, weekOf } from './building.js';
import { openPage } from './open-page.js';

const FOLDER = process.argv[2];
const IMAGES = FOLDER ?? fileURLToPath(new URL('../../../../docs/images/', import.meta.url));
const TOPIC = 'labs/+/+/observation';

interface Picture {
  readonly name: string;
  readonly path: string;
  /** What has to be there. */
  readonly mark: string;
  readonly width: number;
  readonly height: number;
  readonly colorScheme?: 'dark';
  /** Of the browser; English if not given. */
  readonly locale?: string;
  /** Seen by somebody who sees colours so. */
  readonly deficiency?: 'deuteranopia' | 'protanopia' | 'tritanopia' | 'achromatopsia';
}

const PICTURES: readonly Picture[] = [
  { name: 'overview', path: '/', mark: '.tile .spark path[d^=M]', width: 1440, height: 810 },
  {
    name: 'lab',
    path: '/lab/cellar/archive',
    mark: '.calendar .cell[data-kind=value]',
    width: 1440,
    height: 1080,
  },
  { name: 'hours', path: '/hours', mark: '.cell[data-kind=value]', width: 1440, height: 810 },
  { name: 'wall', path: '/wall', mark: '.wall-tile', width: 1440, height: 810, colorScheme: 'dark' },
  { name: 'paper', path: '/paper/cellar/archive', mark: '.sheet tfoot', width: 900, height: 1180 },
  { name: 'phone', path: '/', mark: '.tile .spark path[d^=M]', width: 390, height: 760 },
];

/** To look at, and in no document. */
const MORE: readonly Picture[] = [
  { name: 'ranges', path: '/ranges?range=night', mark: 'td[data-key=temp_avg]', width: 1440, height: 810 },
  { name: 'operations', path: '/operations', mark: '.readiness', width: 1440, height: 1080 },
  {
    name: 'hours-week-dark',
    path: '/hours?days=7',
    mark: '.cell[data-kind=value]',
    width: 1440,
    height: 810,
    colorScheme: 'dark',
  },
  {
    name: 'lab-dark-german',
    path: '/lab/floor-1/cold-store?calendar=days',
    mark: '.calendar .cell[data-kind=value]',
    width: 1440,
    height: 1900,
    colorScheme: 'dark',
    locale: 'de-DE',
  },
  {
    name: 'overview-german',
    path: '/?group=yes',
    mark: '.tile .spark path[d^=M]',
    width: 1440,
    height: 810,
    locale: 'de-DE',
  },
  {
    name: 'lab-phone',
    path: '/lab/cellar/archive',
    mark: '.calendar .cell[data-kind=value]',
    width: 390,
    height: 2400,
  },
  ...(['deuteranopia', 'protanopia', 'tritanopia', 'achromatopsia'] as const).flatMap((deficiency) =>
    PICTURES.filter(({ name }) => name === 'overview' || name === 'hours').map((picture) => ({
      ...picture,
      name: `${picture.name}-${deficiency}`,
      deficiency,
    })),
  ),
  { name: 'none-found', path: '/?q=nobody', mark: '.none-found', width: 1440, height: 500 },
  { name: 'no-lab', path: '/lab/nobody', mark: '.none-found', width: 1440, height: 500 },
];

const folder = await temporaryFolder('screenshots');
const labs = join(folder.path, 'labs.csv');
await writeFile(labs, labsFile());
const start = await EmbeddedStart.open({
  HUMTEMP_LABS_FILE: labs,
  HUMTEMP_MQTT_TOPICS: TOPIC,
  HUMTEMP_EXPECTED_INTERVAL: '300',
});
const browser = await openBrowser();
try {
  await mkdir(IMAGES, { recursive: true });
  const rows = join(folder.path, 'rows.csv');
  const nowS = Math.floor(Date.now() / 1000);
  const week = weekOf(nowS);
  await writeFile(rows, week);
  const replayed = await runHumtemp([
    'replay',
    rows,
    '--shift-to',
    String(nowS),
    '--url',
    start.url,
    '--api',
    start.ports.baseUrl,
    '--topic',
    TOPIC,
  ]);
  if (replayed.code !== 0) throw new Error(replayed.stderr);
  process.stdout.write(replayed.stdout);
  const client = await connectAsync(start.url);
  await client.publishAsync(TOPIC.replace('+/+', ROOMS[0]!.id), "{'temp': 21.4}", { qos: 1 });
  const speaking = ROOMS.filter(({ id }) => id !== 'floor-2/optics');
  const last = lastValues(week);
  let turn = 0;
  const timer = setInterval(() => {
    const { id } = speaking[turn++ % speaking.length]!;
    client.publish(TOPIC.replace('+/+', id), JSON.stringify(last.get(id)), { qos: 1 });
  }, 120);
  for (const picture of FOLDER === undefined ? PICTURES : [...PICTURES, ...MORE]) await draw(picture);
  clearInterval(timer);
  await client.endAsync();
} finally {
  await browser.close();
  await start.close();
  await folder.remove();
}

/** What each lab said last. */
function lastValues(csv: string): Map<string, { readonly temp: number; readonly humidity: number }> {
  const lines = csv.trimEnd().split('\n').slice(1);
  return new Map(
    lines.map((line) => {
      const [id, , temp, humidity] = line.split(',') as [string, string, string, string];
      return [id, { temp: Number(temp), humidity: Number(humidity) }];
    }),
  );
}

async function draw({
  name,
  path,
  mark,
  width,
  height,
  colorScheme,
  locale = 'en-GB',
  deficiency,
}: Picture): Promise<void> {
  const { page, goto, problems, close } = await openPage(browser, start.ports.baseUrl, {
    viewport: { width, height },
    colorScheme: colorScheme ?? 'light',
    locale,
  });
  if (deficiency !== undefined) {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Emulation.setEmulatedVisionDeficiency', { type: deficiency });
  }
  await goto(path);
  await page.locator(mark).first().waitFor({ state: 'attached' });
  // What is read in the background, and the ledger's second look.
  await page.waitForTimeout(4000);
  const file = join(IMAGES, `${name}.png`);
  await page.screenshot({ path: file });
  await close();
  if (problems.length > 0) throw new Error(problems.join('\n'));
  process.stdout.write(`${name}.png ${Math.round((await stat(file)).size / 1024)} KB\n`);
}
