import type { Answer, Body, GetPath, PathOf, PostPath, Query } from './routes.js';

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

export interface ClientOptions {
  /** Where the API is, such as `http://127.0.0.1:8000`. Empty: where the page comes from. */
  readonly baseUrl?: string;
  /** A token of the API, if it wants one. */
  readonly token?: string;
  /** How long an answer may take, milliseconds. */
  readonly timeoutMs?: number;
  /** What asks in place of the platform's fetch. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

export interface RequestOptions<Q, V> {
  readonly query?: Q;
  /** Values of the names in braces of the path. */
  readonly path?: V;
  readonly signal?: AbortSignal | undefined;
}

/** Of a route without names in its path the options may be missing, of another one they may not. */
type Options<Q, V> = V extends undefined
  ? [options?: RequestOptions<Q, undefined>]
  : [options: RequestOptions<Q, V> & { readonly path: V }];

const TIMEOUT_MS = 15_000;

/** Asks the HTTP API. What routes take and answer is known to the compiler, from the description of the API. */
export class Client {
  readonly #baseUrl: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #fetch: NonNullable<ClientOptions['fetch']>;

  constructor({ baseUrl = '', token, timeoutMs = TIMEOUT_MS, fetch }: ClientOptions = {}) {
    this.#baseUrl = baseUrl.replace(/\/$/, '');
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#timeoutMs = timeoutMs;
    this.#fetch = fetch ?? ((url, init) => globalThis.fetch(url, init));
  }

  /** @throws ApiFailure */
  async get<P extends GetPath>(path: P, ...[options]: Options<Query<P>, PathOf<P>>): Promise<Answer<P>> {
    const { query, path: values, signal } = options ?? {};
    return (await this.ask(apiUrl(path, query, values as object | undefined), {
      signal: signal ?? null,
    })) as Answer<P>;
  }

  /** @throws ApiFailure */
  async post<P extends PostPath>(
    path: P,
    body: Body<P>,
    ...[options]: Options<Query<P, 'post'>, PathOf<P, 'post'>>
  ): Promise<Answer<P, 'post'>> {
    const { query, path: values, signal } = options ?? {};
    return (await this.ask(apiUrl(path, query, values as object | undefined), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: signal ?? null,
    })) as Answer<P, 'post'>;
  }

  /** The JSON of any answer. @param url below the base. @throws ApiFailure */
  async ask(url: string, init: RequestInit = {}): Promise<unknown> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    let response: Response;
    try {
      response = await this.#fetch(`${this.#baseUrl}${url}`, {
        ...init,
        headers: { accept: 'application/json', ...this.#headers, ...(init.headers as object) },
        signal: init.signal ? AbortSignal.any([init.signal, timeout]) : timeout,
      });
      if (response.ok) return response.status === 204 ? undefined : await response.json();
    } catch (error) {
      throw new ApiFailure(0, (error as Error).message);
    }
    const problem = (await response.json().catch(() => undefined)) as { detail?: string } | undefined;
    throw new ApiFailure(response.status, problem?.detail ?? response.statusText);
  }
}

/** The path and query of a route. A name in braces stands for its value, a parameter that is undefined for nothing. */
export function apiUrl(path: string, query: object = {}, values: object = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) parameters.set(name, String(value));
  const text = parameters.toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String((values as Record<string, unknown>)[name] ?? '')),
  );
  return `${filled}${text === '' ? '' : `?${text}`}`;
}
