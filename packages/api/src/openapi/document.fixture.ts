import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Fixture } from '../api.fixture.js';

export interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { name: string; in: string; required: boolean; schema: object }[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, object>> }>>;
}

/** An OpenAPI document, as far as tests look into it. */
export interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export async function documentOf({ get }: Pick<Fixture, 'get'>): Promise<Document> {
  return (await (await get('/openapi.json')).json()) as Document;
}

/** Every schema that has members has no others: what an answer says beyond the document is found too. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, closed(member)]));
  const isObject = members.type === 'object' && 'properties' in members;
  return isObject && !('additionalProperties' in members)
    ? { ...members, additionalProperties: false }
    : members;
}

/** Whether a value is of the schema at a place of the document, by a validator that knows nothing of TypeBox. */
export function checker(document: Document): (path: readonly string[], value: unknown) => string | undefined {
  const ajv = new Ajv2020({ strict: false, validateFormats: true, allErrors: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addSchema(closed(document) as object, 'document');
  return (path, value) => {
    const pointer = path
      .map((part) => encodeURIComponent(part.replace(/~/g, '~0').replace(/\//g, '~1')))
      .join('/');
    const check = ajv.getSchema(`document#/${pointer}`);
    assert.ok(check !== undefined, pointer);
    return check(value) ? undefined : ajv.errorsText(check.errors);
  };
}

/** Events of a stream: every field of each, the data parsed. */
export async function* eventsIn(response: Response): AsyncGenerator<Record<string, unknown>, void, void> {
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const fields = text
        .slice(0, end)
        .split('\n')
        .map((line) => /^(\w*): (.*)$/.exec(line)!.slice(1) as [string, string]);
      text = text.slice(end + 2);
      const event = Object.fromEntries(fields);
      if (event.data !== undefined) yield { ...event, data: JSON.parse(event.data) as unknown };
    }
  }
}
