import type { MiddlewareHandler } from 'hono';
import { ProblemError } from './problem.js';

/** Refuses what a lenient reading would have to guess at: broken percent-encoding, a parameter given twice. */
export const strictUrl: MiddlewareHandler = async (c, next) => {
  const { pathname, search, searchParams } = new URL(c.req.url);
  try {
    decodeURIComponent(pathname + search);
  } catch {
    throw new ProblemError({ status: 400, detail: 'the URL is not valid percent-encoded UTF-8' });
  }
  const seen = new Set<string>();
  for (const name of searchParams.keys()) {
    if (seen.has(name))
      throw new ProblemError({ status: 400, detail: `the parameter ${name} is given twice` });
    seen.add(name);
  }
  await next();
};
