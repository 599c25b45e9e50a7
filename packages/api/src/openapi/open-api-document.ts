import type { TObject, TSchema } from '@sinclair/typebox';
import { OptionalKind } from '@sinclair/typebox';
import { Problem } from '../http/problem.js';
import type { RouteSpec } from '../http/route.js';
import { SchemaComponents } from './schema-components.js';

/** An OpenAPI 3.1 document, as far as it matters here. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
  readonly components: object;
}

/** Groups of routes, in the order of the page. */
const TAGS = [
  { name: 'labs', description: 'What was measured' },
  { name: 'observations', description: 'What is to be counted' },
  { name: 'operations', description: 'How humtemp is' },
  { name: 'description', description: 'This description' },
];

/** What an answer with this status means, on whatever route. */
const PROBLEM_MEANING: Readonly<Record<number, string>> = {
  400: 'a bad parameter, a parameter given twice, or a URL that is not valid',
  401: 'a token is needed, where tokens are configured',
  403: 'the token does not allow this',
  404: 'there is no such thing',
  406: 'nothing that Accept takes',
  413: 'the body is too long',
  421: 'without tokens: the host is not one of ours',
  422: 'the observation was rejected',
  429: 'too many answers of this kind are under way',
  503: 'not now; Retry-After says when to try again',
};

/** The description of routes, from the same schemas that check what they take and answer. */
export function openApiDocument(specs: readonly RouteSpec[]): OpenApiDocument {
  const components = new SchemaComponents();
  const paths: Record<string, Record<string, object>> = {};
  for (const spec of specs) {
    paths[spec.path] ??= {};
    paths[spec.path]![spec.method] = operation(spec, components);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'humtemp',
      version: '1',
      description:
        'Temperature and humidity of labs, in time buckets. Times are RFC 3339 in UTC; null stands where there is no data. What takes GET takes HEAD too, and OPTIONS tells what a path takes.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: TAGS,
    paths,
    components: {
      schemas: components.schemas,
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
    // Where tokens are configured; else none is needed.
    security: [{}, { token: [] }],
  } as OpenApiDocument;
}

function operation(spec: RouteSpec, components: SchemaComponents): object {
  const {
    id,
    tag,
    summary,
    description,
    parameters = {},
    query,
    headers,
    body,
    answers,
    leadsTo,
    revalidates,
  } = spec;
  // What takes any query is open to everybody.
  const problems = [400, ...(spec.takesAnyQuery === true ? [] : [401]), ...(spec.problems ?? [])];
  const content = Object.fromEntries(
    Object.entries(answers).map(([type, schema]) => [type, { schema: components.of(schema) }]),
  );
  return {
    operationId: id,
    ...(tag === undefined ? {} : { tags: [tag] }),
    summary,
    ...(description === undefined ? {} : { description }),
    parameters: [
      ...Object.entries(parameters).map(([name, schema]) =>
        parameter('path', name, schema, true, components),
      ),
      ...parametersIn('query', query, components),
      ...parametersIn('header', headers, components),
    ],
    ...(body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { 'application/json': { schema: components.of(body) } } },
        }),
    responses: {
      ...(leadsTo === undefined
        ? { 200: { description: summary, content } }
        : { 308: { description: `to ${leadsTo}`, headers: { location: { schema: { const: leadsTo } } } } }),
      ...(revalidates === true ? { 304: { description: 'as If-None-Match has it' } } : {}),
      ...Object.fromEntries(
        problems.map((status) => [
          status,
          {
            description: PROBLEM_MEANING[status] ?? 'a problem',
            content: { 'application/problem+json': { schema: components.of(Problem) } },
          },
        ]),
      ),
    },
  };
}

function parametersIn(
  where: 'query' | 'header',
  given: TObject | undefined,
  components: SchemaComponents,
): object[] {
  return Object.entries(given?.properties ?? {}).map(([name, schema]) => {
    const isRequired = !(OptionalKind in schema) && schema.default === undefined;
    return parameter(where, name, schema, isRequired, components);
  });
}

function parameter(
  where: 'path' | 'query' | 'header',
  name: string,
  schema: TSchema,
  required: boolean,
  components: SchemaComponents,
): object {
  const { description, ...rest } = schema;
  return {
    name,
    in: where,
    required,
    ...(description === undefined ? {} : { description }),
    schema: components.of(rest as TSchema),
  };
}
