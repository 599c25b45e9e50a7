import type { components, paths } from './generated/open-api.js';

/** What the service's own description calls the shapes of answers and bodies. */
export type Schemas = components['schemas'];

interface JsonAnswer {
  responses: { 200: { content: { 'application/json': unknown } } };
}

/** The routes that answer a GET with JSON. */
export type GetPath = {
  [P in keyof paths]: paths[P] extends { get: JsonAnswer } ? P : never;
}[keyof paths];

/** The routes that answer a POST with JSON. */
export type PostPath = {
  [P in keyof paths]: paths[P] extends { post: JsonAnswer } ? P : never;
}[keyof paths];

type Operation<P extends keyof paths, M extends 'get' | 'post'> = paths[P] extends { [method in M]: infer O }
  ? O
  : never;

/** What a route answers with status 200. */
export type Answer<P extends keyof paths, M extends 'get' | 'post' = 'get'> =
  Operation<P, M> extends { responses: { 200: { content: { 'application/json': infer T } } } } ? T : never;

/** The query parameters that a route takes: a name that it does not have is an error of the compiler. */
export type Query<P extends keyof paths, M extends 'get' | 'post' = 'get'> =
  Operation<P, M> extends { parameters: { query?: infer Q } }
    ? [NonNullable<Q>] extends [never]
      ? Readonly<Record<string, never>>
      : { readonly [K in keyof NonNullable<Q>]?: NonNullable<Q>[K] | undefined }
    : Readonly<Record<string, never>>;

/** What stands for the names in braces of a route's path. */
export type PathOf<P extends keyof paths, M extends 'get' | 'post' = 'get'> =
  Operation<P, M> extends { parameters: { path: infer V } } ? V : undefined;

/** What a route takes as JSON. */
export type Body<P extends PostPath> =
  Operation<P, 'post'> extends { requestBody: { content: { 'application/json': infer T } } } ? T : undefined;
