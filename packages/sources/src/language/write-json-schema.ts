/** Writes the JSON Schema of sources into the file that is named as argument. */
import { writeFileSync } from 'node:fs';
import { jsonSchema } from './json-schema.js';

writeFileSync(process.argv[2]!, jsonSchema());
