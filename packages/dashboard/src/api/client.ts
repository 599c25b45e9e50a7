import type { components, paths } from './generated/open-api.js';

export type Schemas = components['schemas'];

/** The routes that answer a GET with JSON. */
export type Path = {
  [P in keyof paths]: paths[P] extends JsonRoute ? P : never;
}[keyof paths];

interface JsonRoute {
  get: { responses: { 200: { content: { 'application/json': unknown } } } };
}

/** What a route answers, from the service's own description. */
export type Answer<P extends Path> = paths[P] extends {
  get: { responses: { 200: { content: { 'application/json': infer T } } } };
}
  ? T
  : never;

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The query parameters that a route takes: a name that it does not have is an error of the compiler. */
export type QueryOf<P extends Path> = paths[P] extends { get: { parameters: { query?: infer Q } } }
  ? [NonNullable<Q>] extends [never]
    ? Readonly<Record<string, never>>
    : { readonly [K in keyof NonNullable<Q>]?: NonNullable<Q>[K] | undefined }
  : Readonly<Record<string, never>>;

/** An answer that is no success, or none: then its status is 0. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';

  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

const ANSWER_MS_MAX = 15_000;

/** The URL of a route of this service. `{lab_id}` in its path stands for `labId`. */
export function apiUrl(path: string, query: Query = {}, labId = ''): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) parameters.set(name, String(value));
  const text = parameters.toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
  return path.replace('{lab_id}', encodeURIComponent(labId)) + (text === '' ? '' : `?${text}`);
}

/** Asks a route. @throws ApiFailure */
export async function get<P extends Path>(
  path: P,
  query: QueryOf<P>,
  { labId = '', signal }: { readonly labId?: string; readonly signal?: AbortSignal } = {},
): Promise<Answer<P>> {
  const timeout = AbortSignal.timeout(ANSWER_MS_MAX);
  return (await ask(apiUrl(path, query as Query, labId), {
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  })) as Answer<P>;
}

/** The JSON of an answer. @throws ApiFailure */
export async function ask(url: string, init: RequestInit = {}): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, { headers: { accept: 'application/json' }, ...init });
    if (response.ok) return await response.json();
  } catch (error) {
    throw new ApiFailure(0, (error as Error).message);
  }
  const problem = (await response.json().catch(() => undefined)) as { detail?: string } | undefined;
  throw new ApiFailure(response.status, problem?.detail ?? response.statusText);
}
