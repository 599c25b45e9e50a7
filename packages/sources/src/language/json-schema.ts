import { SourcesFile } from './table-schema.js';

/** The JSON Schema of a file of sources, from which editors complete and check it. */
export function jsonSchema(): string {
  // `expected` is for our own messages.
  const text = JSON.stringify(
    SourcesFile,
    (key, value: unknown) => (key === 'expected' ? undefined : value),
    1,
  );
  return `${text}\n`;
}
