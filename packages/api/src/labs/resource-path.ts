import { LAB_ID_PATTERN } from '@humtemp/bucket-core';
import { Type } from '@sinclair/typebox';

/**
 * Lab ids have slashes, so the paths under `/labs/` are told apart by how they end. A literal `/buckets` or `/summary`
 * at the end is a resource of the lab before it; `%2Fbuckets` is part of the id. Hono matches paths with %2F in them
 * as it is, and decodes parameters only after.
 */
export const LAB_PATTERN = '/labs/:lab_id{[\\s\\S]+}';
export const labResourcePattern = (resource: '/buckets' | '/summary') =>
  `/labs/:lab_id{[\\s\\S]+${resource}}`;

export const LabIdParameter = Type.String({
  pattern: LAB_ID_PATTERN,
  description:
    'slashes as they are or as %2F; in an id that ends in /buckets or /summary the last one must be %2F',
});
