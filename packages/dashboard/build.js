// `npm run build`: types from our own OpenAPI, a check of all types, then the page itself.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildSite } from './build-site.js';
import { FOLDER, inputs, isStamped, stamp } from './build-stamp.js';

const TYPES_FILE = join(FOLDER, 'src', 'api', 'generated', 'open-api.ts');

const document = await openApiDocument();
const content = createHash('sha256').update(document).update(inputs()).digest('hex');
if (!isStamped('types', content)) {
  await writeTypes(document);
  checkTypes('tsconfig.json');
  checkTypes('tsconfig.test.json');
  stamp('types', content);
}
await buildSite();

/** The description of the API that was built just now. No route is called, so nothing stands behind them. */
async function openApiDocument() {
  const { createApi } = await import('@humtemp/api');
  const nothing = new Proxy(() => nothing, { get: (_, name) => (name === 'then' ? undefined : nothing) });
  const app = createApi({
    store: nothing,
    intake: nothing,
    grid: nothing,
    process: '',
    expectedIntervalS: 30,
    requestBytesMax: 1,
    storeTimeoutMs: 1,
    readiness: async () => [],
    log: nothing,
  });
  return (await app.request('/openapi.json')).text();
}

/** @param {string} document */
async function writeTypes(document) {
  const { default: openApiTypes, astToString } = await import('openapi-typescript');
  mkdirSync(dirname(TYPES_FILE), { recursive: true });
  writeFileSync(TYPES_FILE, astToString(await openApiTypes(document)));
}

/** @param {string} project */
function checkTypes(project) {
  const tsc = join(FOLDER, '..', '..', 'node_modules', '.bin', 'tsc');
  const { status } = spawnSync(tsc, ['-p', project], { cwd: FOLDER, stdio: 'inherit' });
  // What it found stands above.
  if (status !== 0) process.exit(status ?? 1);
}
