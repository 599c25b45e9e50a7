import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from '@humtemp/test-services';
import { Hono } from 'hono';
import { pino } from 'pino';
import { failureHandler } from '../http/failure.js';
import { type RunningServer, type ServerOptions, startServer } from '../http/server.js';
import { accessGuard } from './access-guard.js';
import { AccessTokens, type AccessTokensOptions } from './access-tokens.js';
import { EVERY_LAB, LabFilter } from './lab-filter.js';
import { type TokenRights, withToken } from './token-file.js';

/** Lines of a file of tokens, by name: the token is NAME-secret. */
export function tokenLines(
  rightsOf: Readonly<Record<string, { write?: true; labs?: string; expiresMs?: number }>>,
) {
  return Object.entries(rightsOf).reduce((content, [name, { write, labs, expiresMs }]) => {
    const rights: TokenRights = {
      mayWrite: write === true,
      labs: labs === undefined ? EVERY_LAB : LabFilter.parse(labs)!,
      expiresMs: expiresMs ?? Number.POSITIVE_INFINITY,
    };
    return withToken(content, name, `${name}-secret`, rights);
  }, '');
}

export interface TokensFixture {
  readonly tokens: AccessTokens;
  readonly file: string;
  readonly errors: string[];
  /** Puts another file in its place. */
  replace(content: string): Promise<void>;
}

/** Tokens of a file of the test's own. */
export async function openTokens(
  t: TestContext,
  content: string,
  options: Partial<AccessTokensOptions> = {},
): Promise<TokensFixture> {
  const folder = await temporaryFolder('humtemp-tokens');
  const file = join(folder.path, 'tokens');
  await writeFile(file, content);
  const errors: string[] = [];
  const onError = (error: Error) => void errors.push(error.message);
  const tokens = await AccessTokens.open({ file, onError, ...options });
  t.after(async () => {
    tokens.close();
    await folder.remove();
  });
  const replace = async (content: string) => {
    await writeFile(`${file}.new`, content);
    await rename(`${file}.new`, file);
  };
  return { tokens, file, errors, replace };
}

/** Serves an app behind a guard, as the API has it in front of its routes. */
export async function serveGuarded(
  t: TestContext,
  app: Hono,
  tokens: AccessTokens | undefined,
  options: Partial<ServerOptions> = {},
): Promise<RunningServer & { readonly url: string }> {
  const guarded = new Hono();
  guarded.onError(failureHandler(pino({ level: 'silent' })));
  guarded.use(accessGuard({ tokens }));
  guarded.route('/', app);
  const server = await startServer(guarded, { host: '127.0.0.1', port: 0, ...options });
  t.after(() => server.stop(0));
  return { ...server, url: `http://127.0.0.1:${server.port}` };
}

/** The header that a request brings its token in. */
export function bearer(name: string): { readonly headers: { readonly authorization: string } } {
  return { headers: { authorization: `Bearer ${name}-secret` } };
}
