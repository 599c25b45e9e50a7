import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptedType } from './negotiation.js';

const OFFERED = ['application/json', 'application/x-ndjson', 'text/csv'] as const;

test('the type with the highest quality is taken, and the most specific range decides', () => {
  const cases: [accept: string | undefined, type: (typeof OFFERED)[number] | undefined][] = [
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['text/csv', 'text/csv'],
    ['TEXT/CSV', 'text/csv'],
    ['text/*', 'text/csv'],
    ['application/x-ndjson, application/json;q=0.9', 'application/x-ndjson'],
    ['application/*;q=0.1, text/csv;q=0.2', 'text/csv'],
    ['text/html, application/xhtml+xml, */*;q=0.8', 'application/json'],
    ['application/json;q=0, */*', 'application/x-ndjson'],
    ['text/html', undefined],
    ['*/*;q=0', undefined],
    ['application/json;q=0', undefined],
    [',,;', undefined],
  ];
  for (const [accept, type] of cases) assert.equal(acceptedType(accept, OFFERED), type, accept);
});
