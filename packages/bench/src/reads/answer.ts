import { Agent, get } from 'node:http';
import { within } from '../measuring/within.js';

export interface Answer {
  /** From the request until the first bytes of the body. */
  readonly firstMs: number;
  /** And until the last. */
  readonly wholeMs: number;
  readonly body: Buffer;
}

const ANSWER_S_MAX = 120;
const agent = new Agent({ keepAlive: true });

/** GETs a path of a server on this machine. @throws if the answer is not 200. */
export function answerOf(port: number, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = new Promise<Answer>((resolve, reject) => {
    const startedMs = performance.now();
    const request = get({ port, path, headers, host: '127.0.0.1', agent }, (response) => {
      const chunks: Buffer[] = [];
      let firstMs: number | undefined;
      response.on('data', (chunk: Buffer) => {
        firstMs ??= performance.now() - startedMs;
        chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        const wholeMs = performance.now() - startedMs;
        const body = Buffer.concat(chunks);
        if (response.statusCode === 200) resolve({ firstMs: firstMs ?? wholeMs, wholeMs, body });
        else reject(new Error(`${path} answered ${response.statusCode}: ${body.toString().slice(0, 200)}`));
      });
    });
    request.on('error', reject);
  });
  return within(ANSWER_S_MAX, answer);
}
