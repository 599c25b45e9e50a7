// `npm run dev`: humtemp from its sources, with made-up labs that publish. It starts anew when a file
// changes.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from './prepare.js';
import { ROOT } from './workspace.js';

const SOURCES = fileURLToPath(new URL('./sources.js', import.meta.url));
const FROM_SOURCES = ['--conditions=humtemp-source', '--import', 'tsx'];
const LABS = ['--labs', '10', '--interval', '2'];
const RETRY_MS = 1000;

await prepare('all');
const env = { HUMTEMP_DATA_DIR: join(ROOT, 'node_modules', '.humtemp-dev'), ...process.env };
let isStopping = false;
let simulator;
const server = spawn(
  process.execPath,
  ['--watch', '--watch-preserve-output', ...FROM_SOURCES, SOURCES, 'start'],
  { cwd: ROOT, env, stdio: 'inherit' },
);
server.once('exit', (code) => {
  stop();
  process.exitCode = code ?? 1;
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
simulate();

/** Until the broker is up, and again after each restart. */
function simulate() {
  simulator = spawn(process.execPath, [...FROM_SOURCES, SOURCES, 'simulate', ...LABS], {
    cwd: ROOT,
    env,
    stdio: 'ignore',
  });
  simulator.once('exit', () => !isStopping && setTimeout(() => !isStopping && simulate(), RETRY_MS));
}

function stop() {
  isStopping = true;
  simulator?.kill();
  server.kill();
}
