import { get } from 'node:http';
import type { RunningProcess } from './process-group.js';

const READY_MS_MAX = 60_000;
const REQUEST_MS_MAX = 10_000;

/** Observations that the ledger at an API of this machine says are committed, in all processes. */
export async function committedCount(apiPort: number): Promise<number> {
  const { status, body } = await request(apiPort, '/ledger');
  if (status !== 200) throw new Error(`/ledger answered ${status}: ${body}`);
  return (JSON.parse(body) as { readonly committed: number }).committed;
}

/** Resolves once the API says that its process is ready. @throws if the process ends before, or takes too long. */
export async function untilReady(apiPort: number, process: RunningProcess): Promise<void> {
  for (const deadline = Date.now() + READY_MS_MAX; Date.now() < deadline; ) {
    const ended = process.ended();
    if (ended !== undefined) throw new Error(ended);
    const ready = await request(apiPort, '/readyz').then(
      ({ status }) => status === 200,
      () => false,
    );
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${process.name} is not ready after ${READY_MS_MAX / 1000} s`);
}

/** One connection for each request: none stays open to be counted among the handles of the process. */
function request(port: number, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = get({ port, path, host: '127.0.0.1', agent: false, timeout: REQUEST_MS_MAX }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error(`${path} has not answered in ${REQUEST_MS_MAX} ms`)));
    sent.on('error', reject);
  });
}
