// `npm run test:run`: every test as it was built, three files at a time. A compiled test starts in a third of the time that
// loading TypeScript takes, and there are hundreds of files. The page's tests are bundled: its imports are a bundler's.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { filesBelow, ROOT } from './workspace.js';

const DASHBOARD = join(ROOT, 'packages', 'dashboard');
/** As deep below the package as the sources, so that what a test looks for beside them is found. */
const BUNDLED = join(DASHBOARD, 'bundled-tests');

const sources = filesBelow(join(ROOT, 'packages')).filter((path) => /\/src\/.*\.test\.ts$/.test(path));
const ofPage = sources.filter((path) => path.startsWith(DASHBOARD));
rmSync(BUNDLED, { recursive: true, force: true });
await build({
  entryPoints: ofPage,
  outbase: join(DASHBOARD, 'src'),
  outdir: BUNDLED,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
});
const files = sources.map((path) =>
  ofPage.includes(path)
    ? path.replace(`${DASHBOARD}/src/`, `${BUNDLED}/`).replace(/\.ts$/, '.js')
    : path.replace('/src/', '/dist/').replace(/\.ts$/, '.js'),
);
// What hangs fails after a quarter of an hour: where other work has the cores, the longest files take more than five minutes.
const { status } = spawnSync(
  process.execPath,
  [
    `--import=${pathToFileURL(join(ROOT, 'packages', 'test-services', 'dist', 'property-limits.js'))}`,
    '--test',
    '--test-timeout=900000',
    '--test-concurrency=3',
    ...process.argv.slice(2),
    ...files,
  ],
  { cwd: ROOT, stdio: 'inherit' },
);
process.exit(status ?? 1);
