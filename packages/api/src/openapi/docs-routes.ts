import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Type } from '@sinclair/typebox';
import { Asset, assetResponse } from '../http/asset.js';
import { type Route, route } from '../http/route.js';

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

const ofPackage = (name: string) => () =>
  readFileSync(createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`));

const page = new Asset('text/html; charset=utf-8', () => PAGE);

/** What the page loads: files of Swagger UI, and the line that starts it. */
const FILES: ReadonlyMap<string, Asset> = new Map([
  ['start.js', new Asset('text/javascript; charset=utf-8', () => START)],
  ['swagger-ui.css', new Asset('text/css; charset=utf-8', ofPackage('swagger-ui.css'))],
  ['swagger-ui-bundle.js', new Asset('text/javascript; charset=utf-8', ofPackage('swagger-ui-bundle.js'))],
  ['favicon-32x32.png', new Asset('image/png', ofPackage('favicon-32x32.png'))],
]);

const FILES_MAX_AGE_S = 86_400;

/** Whether a path is of the API's description, which has nothing of any lab. */
export function isDocumentation(path: string): boolean {
  return path === '/openapi.json' || path === '/redoc' || path === '/docs' || path.startsWith('/docs/');
}

/** `GET /docs`: the API to read and try in a browser, with nothing from elsewhere. `/redoc` leads there. */
export function docsRoutes(): readonly Route[] {
  return [
    route(
      {
        method: 'get',
        path: '/docs',
        id: 'getDocs',
        tag: 'description',
        summary: 'This description, to read and try in a browser',
        takesAnyQuery: true,
        answers: { 'text/html': Type.String() },
        revalidates: true,
      },
      (c) =>
        assetResponse(c, page, {
          'cache-control': 'no-cache',
          'content-security-policy': CONTENT_SECURITY_POLICY,
          'referrer-policy': 'no-referrer',
        }),
    ),
    route(
      {
        method: 'get',
        path: '/docs/{file}',
        pattern: '/docs/:file',
        id: 'getDocsFile',
        tag: 'description',
        summary: 'What the page of the description loads',
        takesAnyQuery: true,
        parameters: { file: Type.Union([...FILES.keys()].map((name) => Type.Literal(name))) },
        answers: {
          'text/css': Type.String(),
          'text/javascript': Type.String(),
          'image/png': Type.String({ contentEncoding: 'binary' }),
        },
        problems: [404],
        revalidates: true,
      },
      (c) => {
        const file = FILES.get(c.req.param('file') ?? '');
        if (file === undefined) return c.notFound();
        return assetResponse(c, file, { 'cache-control': `public, max-age=${FILES_MAX_AGE_S}` });
      },
    ),
    route(
      {
        method: 'get',
        path: '/redoc',
        id: 'getRedoc',
        tag: 'description',
        summary: 'Where the earlier service had its documentation',
        takesAnyQuery: true,
        answers: {},
        leadsTo: 'docs',
      },
      (c) => c.redirect('docs', 308),
    ),
  ];
}
