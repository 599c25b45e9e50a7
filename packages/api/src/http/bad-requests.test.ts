import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { NOON_MS, startApi } from '../api.fixture.js';
import { startServer } from './server.js';

const HOST = '127.0.0.1';

/** A GET over HTTP/1.1 with these further header lines. */
const get = (target: string, ...headers: string[]) =>
  [`GET ${target} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers, '', ''].join('\r\n');

const raw = (...lines: string[]) => [...lines, 'Connection: close', '', ''].join('\r\n');

const CASES: readonly (readonly [name: string, bytes: string, status: number])[] = [
  ['no Host', raw('GET /livez HTTP/1.1'), 400],
  ['an empty Host', raw('GET /livez HTTP/1.1', 'Host:'), 400],
  ['a Host with a space', raw('GET /livez HTTP/1.1', 'Host: a b'), 400],
  ['a Host with a path', raw('GET /livez HTTP/1.1', 'Host: a/b?c'), 400],
  ['a Host with a user', raw('GET /livez HTTP/1.1', 'Host: a@b'), 400],
  ['two Hosts', raw('GET /livez HTTP/1.1', 'Host: localhost', 'Host: y'), 400],
  ['two Authorizations', get('/livez', 'Authorization: Bearer a', 'authorization: Bearer b'), 400],

  ['%00 in a lab id', get('/labs/a%00b'), 400],
  ['%00 in a path', get('/livez%00'), 404],
  ['%2f in a lab id', get('/labs/floor%2froom'), 200],
  ['%2f in another path', get('/labs%2ffloor'), 404],
  ['%2e%2e, which clients and servers normalise', get('/labs/%2e%2e/livez'), 200],
  ['%2e%2e beyond the root', get('/%2e%2e/%2e%2e/etc/passwd'), 404],
  ['%2e%2e towards files', get('/docs/%2e%2e%2f%2e%2e%2fpackage.json'), 404],
  ['half a character', get('/labs/%E0%A4%A'), 400],
  ['a byte that is not UTF-8', get('/labs?prefix=%FF'), 400],
  ['//path', get('//livez'), 404],
  ['/labs//', get('/labs//'), 404],
  ['a backslash', get('/a\\..\\livez'), 400],
  ['no slash', get('livez'), 400],
  ['a whole URL', get('http://x/livez'), 200],
  ['a whole URL of another kind', get('ftp://x/livez'), 400],
  ['an asterisk', raw('OPTIONS * HTTP/1.1', 'Host: localhost'), 400],
  ['CR LF in a parameter', get('/labs?prefix=a%0d%0aX-Evil:1'), 400],

  ['a parameter given twice', get('/summary?offset=-1&offset=0'), 400],
  ['a parameter given twice, once encoded', get('/labs?limit=1&l%69mit=2'), 400],
  ['limit 0', get('/labs?limit=0'), 400],
  ['limit -1', get('/labs?limit=-1'), 400],
  ['limit 1e9', get('/labs?limit=1e9'), 400],
  ['limit 1000000000', get('/rejections?limit=1000000000'), 400],
  ['limit abc', get('/labs?limit=abc'), 400],
  ['offset 1.5', get('/summary?offset=1.5'), 400],
  ['offset 1.5 of buckets', get('/buckets?offset=1.5'), 400],
  ['a tampered cursor', get('/labs?cursor=bGFiMDE%3D'), 400],
  ['a cursor of something else', get(`/labs?cursor=${Buffer.from('{}').toString('base64url')}`), 400],
  ['from after to', get('/labs/floor/room/buckets?from=1790078400&to=1790074800'), 400],
  ['from equal to to', get('/summaries?from=1790078400&to=1790078400'), 400],
  ['a huge range', get('/labs/floor/room/buckets?from=-9999999999&to=99999999999'), 200],
  ['a range beyond all calendars', get('/labs/floor/room/buckets?from=-1e21'), 400],
  ['an unknown parameter', get('/summary?nonsense=1'), 400],
  ['__proto__ as parameter', get('/summary?__proto__=1&constructor=2'), 400],

  ['a header of 16 KiB', get('/livez', `X: ${'x'.repeat(16_384)}`), 431],
  ['a target of 16 KiB', get(`/labs?prefix=${'x'.repeat(16_384)}`), 431],
  ['a hundred headers', get('/livez', ...Array.from({ length: 100 }, (_, i) => `X-${i}: 1`)), 200],
  ['a header with a NUL', get('/livez', 'X: a\0b'), 400],
  ['a folded header', get('/livez', 'X: a', ' b'), 400],
  ['If-None-Match with junk', get('/openapi.json', 'If-None-Match: ,,"\\",W/,*x'), 200],
  ['If-None-Match of any', get('/openapi.json', 'If-None-Match: *'), 304],
  ['Accept with junk', get('/buckets', 'Accept: ,;q=,/;/,q'), 406],
  ['Accept-Encoding with junk', get('/buckets', 'Accept-Encoding: ,;q=9,gzip;q=x'), 200],
  ['Accept of nothing', get('/buckets', 'Accept: image/png'), 406],
  ['a body with GET', `${get('/livez', 'Content-Length: 5')}12345`, 200],

  ['TRACE', raw('TRACE /livez HTTP/1.1', 'Host: localhost'), 405],
  ['PUT', raw('PUT /labs HTTP/1.1', 'Host: localhost'), 405],
  ['DELETE of a lab', raw('DELETE /labs/a/b/buckets HTTP/1.1', 'Host: localhost'), 405],
  ['an unknown method', raw('BREW /livez HTTP/1.1', 'Host: localhost'), 400],
  ['CONNECT', raw('CONNECT x:443 HTTP/1.1', 'Host: localhost'), 400],
  ['HTTP/2 without TLS', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['HTTP/9.9', raw('GET /livez HTTP/9.9', 'Host: localhost'), 400],
  ['HTTP/0.9', 'GET /livez\r\n\r\n', 400],
  ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ['an MQTT CONNECT', '\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00', 400],
  ['a line that is not HTTP', 'hello\r\n\r\n', 400],

  [
    'Content-Length with Transfer-Encoding',
    `${raw('POST /observation HTTP/1.1', 'Host: localhost', 'Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    400,
  ],
  [
    'two Content-Lengths',
    `${raw('POST /observation HTTP/1.1', 'Host: localhost', 'Content-Length: 2', 'Content-Length: 3')}{}`,
    400,
  ],
  [
    'a negative Content-Length',
    raw('POST /observation HTTP/1.1', 'Host: localhost', 'Content-Length: -1'),
    400,
  ],
  [
    'a chunk without a length',
    `${raw('POST /observation HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked')}zz\r\n`,
    400,
  ],
  [
    'an unknown transfer coding',
    raw('POST /observation HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: rot13'),
    400,
  ],
  [
    'a body that claims to be huge',
    `${raw('POST /observation HTTP/1.1', 'Host: localhost', 'Content-Length: 99999999999')}${'x'.repeat(2000)}`,
    413,
  ],
  ['no body', raw('POST /observation HTTP/1.1', 'Host: localhost'), 400],
];

test('what is bad is answered with its status and a problem, and others are served on', async (t) => {
  const { app, commit, logged } = await startApi(t);
  await commit([
    { lab: 'floor/room', ms: NOON_MS, temp: 20 },
    { lab: 'floor', ms: NOON_MS, temp: 20 },
  ]);
  const server = await startServer(app, { host: HOST, port: 0 });
  t.after(() => server.stop(0));
  const wrong: string[] = [];
  for (const [name, bytes, status] of CASES) {
    const socket = connect(server.port, HOST);
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(bytes, 'latin1');
    const answer = await text(socket);
    const got = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
    if (got !== status) wrong.push(`${name}: ${got} in place of ${status}`);
    else if (status >= 400 && !/content-type: application\/problem\+json/i.test(answer))
      wrong.push(`${name}: not a problem: ${answer}`);
    assert.doesNotMatch(answer, /node_modules|at .*\.ts:|X-Evil:1\r/);
  }
  assert.deepEqual(wrong, []);
  assert.equal((await fetch(`http://${HOST}:${server.port}/livez`)).status, 200);
  assert.deepEqual(
    logged.filter((line) => (line.level as number) > 40),
    [],
  );
});
