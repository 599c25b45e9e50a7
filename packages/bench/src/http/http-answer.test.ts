import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAnswer } from './http-answer.js';

for (const [what, text, status] of [
  ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nDate: x\r\n\r\nnull', 200],
  ['without a body', 'HTTP/1.1 503 Service Unavailable\r\ncontent-length:0\r\n\r\n', 503],
  [
    'in chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nnull\r\na\r\n0123456789\r\n0\r\n\r\n',
    200,
  ],
] as const)
  test(`an answer ${what} is read once it is whole, and not what follows it`, () => {
    const bytes = Buffer.from(text);
    for (let length = 0; length < bytes.length; length++)
      assert.equal(readAnswer(bytes.subarray(0, length)), undefined, `${length} bytes`);
    assert.deepEqual(readAnswer(bytes), { status, bytes: bytes.length });
    assert.deepEqual(readAnswer(Buffer.concat([bytes, bytes])), { status, bytes: bytes.length });
  });

for (const text of ['HTTP/1.1 200 OK\r\n\r\n', 'HTTP/2 200\r\ncontent-length: 0\r\n\r\n', 'MQTT\r\n\r\n'])
  test(`an answer whose end cannot be told is refused: ${JSON.stringify(text)}`, () => {
    assert.throws(() => readAnswer(Buffer.from(text)), /cannot be read/);
  });
