// `npm run build`: types of what the API says of itself, then this package.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = dirname(fileURLToPath(import.meta.url));
const ROOT = join(FOLDER, '..', '..');
const TYPES_FILE = join(FOLDER, 'src', 'generated', 'open-api.ts');
/** Names the exact version of what generates. */
const LOCKFILE = join(ROOT, 'pnpm-lock.yaml');

const document = await openApiDocument();
const mark = `// ${createHash('sha256').update(document).update(readFileSync(LOCKFILE)).digest('hex')}\n`;
if (!existsSync(TYPES_FILE) || !readFileSync(TYPES_FILE, 'utf8').startsWith(mark)) {
  const { default: openApiTypes, astToString } = await import('openapi-typescript');
  mkdirSync(dirname(TYPES_FILE), { recursive: true });
  writeFileSync(TYPES_FILE, `${mark}${astToString(await openApiTypes(document))}`);
}
const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
const { status } = spawnSync(tsc, ['--build'], { cwd: FOLDER, stdio: 'inherit' });
// What it found stands above.
process.exitCode = status ?? 1;

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
