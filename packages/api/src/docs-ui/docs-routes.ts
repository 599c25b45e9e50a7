import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Context, Hono } from 'hono';
import { compressed, revalidated } from '../caching.js';

/** Files of Swagger UI that the page needs, and their types. */
const FILES = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
} as const;

// Swagger UI sets styles on elements; nothing else may come from anywhere but here.
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>humtemp API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#ui', validatorUrl: null });
`;

const FILES_MAX_AGE_S = 86_400;

/** Whether a path is of the API's description, which has nothing of any lab. */
export function isDocumentation(path: string): boolean {
  return path === '/openapi.json' || path === '/redoc' || path === '/docs' || path.startsWith('/docs/');
}

/** `GET /docs`: the API to read and try in a browser, with nothing from elsewhere. `/redoc` leads there. */
export function registerDocs(app: Hono): void {
  const require = createRequire(import.meta.url);
  app.get('/docs', compressed, revalidated, (c) => {
    c.header('content-security-policy', CONTENT_SECURITY_POLICY);
    c.header('referrer-policy', 'no-referrer');
    return asset(c, PAGE, 'text/html; charset=utf-8');
  });
  app.get('/docs/start.js', (c) => asset(c, START, 'text/javascript; charset=utf-8'));
  for (const [name, type] of Object.entries(FILES))
    app.get(`/docs/${name}`, compressed, revalidated, (c) =>
      asset(c, new Uint8Array(readFileSync(require.resolve(`swagger-ui-dist/${name}`))), type),
    );
  app.get('/redoc', (c) => c.redirect('docs', 308));
}

function asset(c: Context, body: string | Uint8Array<ArrayBuffer>, type: string): Response {
  c.header('cache-control', type.startsWith('text/html') ? 'no-cache' : `public, max-age=${FILES_MAX_AGE_S}`);
  return c.body(body, 200, { 'content-type': type });
}
