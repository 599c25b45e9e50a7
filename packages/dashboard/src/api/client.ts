import { type Answer, Client, type GetPath, type Query, apiUrl as urlOf } from '@humtemp/client';

export { type Answer, ApiFailure, type GetPath as Path, type Schemas } from '@humtemp/client';

const client = new Client();

/** The URL of a route of this service. `{lab_id}` in its path stands for `labId`. */
export function apiUrl(path: string, query: object = {}, labId = ''): string {
  return urlOf(path, query, { lab_id: labId });
}

/** Asks a route. @throws ApiFailure */
export async function get<P extends GetPath>(
  path: P,
  query: Query<P>,
  { labId = '', signal }: { readonly labId?: string; readonly signal?: AbortSignal } = {},
): Promise<Answer<P>> {
  return (await client.ask(apiUrl(path, query, labId), signal === undefined ? {} : { signal })) as Answer<P>;
}

/** The JSON of an answer. @throws ApiFailure */
export async function ask(url: string, init: RequestInit = {}): Promise<unknown> {
  return client.ask(url, init);
}
