import { Type } from '@sinclair/typebox';
import { Asset, assetResponse } from '../http/asset.js';
import { type Route, route } from '../http/route.js';
import { openApiDocument } from './open-api-document.js';

/** `GET /openapi.json`: the description of these routes, and of itself. */
export function openApiRoute(described: readonly Route[]): Route {
  const own = route(
    {
      method: 'get',
      path: '/openapi.json',
      id: 'getOpenApi',
      tag: 'description',
      summary: 'This description, OpenAPI 3.1',
      takesAnyQuery: true,
      answers: {
        'application/json': Type.Object({ openapi: Type.String() }, { additionalProperties: true }),
      },
      revalidates: true,
    },
    (c) => assetResponse(c, document, { 'cache-control': 'no-cache' }),
  );
  const document = new Asset('application/json', () =>
    JSON.stringify(openApiDocument([...described, own].map(({ spec }) => spec))),
  );
  return own;
}
