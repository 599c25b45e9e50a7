import type { TSchema } from '@sinclair/typebox';

/** Schemas as plain JSON, where each that has an $id stands once, under that name, and is referred to. */
export class SchemaComponents {
  readonly schemas: Record<string, unknown> = {};

  of(schema: TSchema): unknown {
    return this.#plain(schema);
  }

  // Symbols, with which TypeBox marks its kinds, are no entries.
  #plain(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#plain(item));
    if (typeof value !== 'object' || value === null) return value;
    const { $id, ...rest } = value as { readonly $id?: unknown };
    const plain = () =>
      Object.fromEntries(Object.entries(rest).map(([name, member]) => [name, this.#plain(member)]));
    if (typeof $id !== 'string') return plain();
    if (!Object.hasOwn(this.schemas, $id)) this.schemas[$id] = plain();
    return { $ref: `#/components/schemas/${$id}` };
  }
}
