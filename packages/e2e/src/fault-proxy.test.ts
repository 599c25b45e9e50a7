import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { FaultProxy } from './fault-proxy.js';
import { until } from './until.js';

/** A side of a connection, and what came to it. */
class Peer {
  readonly chunks: Buffer[] = [];
  /** Nothing more comes, in whatever way it ended. */
  ended = false;

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    for (const event of ['end', 'close'])
      socket.on(event, () => {
        this.ended = true;
      });
    socket.on('error', () => {});
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

let server: Server;
let proxy: FaultProxy;
let peers: Peer[];
/** What the server sees of connections, in the order of their arrival. */
let served: Peer[];

beforeEach(async () => {
  peers = [];
  served = [];
  server = createServer({ allowHalfOpen: true }, (socket) => served.push(new Peer(socket)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await FaultProxy.start({
    target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
  });
});

afterEach(async () => {
  await proxy.close();
  for (const { socket } of [...peers, ...served]) socket.destroy();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
  await until(() => process.getActiveResourcesInfo().every((handle) => !handle.startsWith('TCP')));
});

async function connectClient(): Promise<Peer> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  const peer = new Peer(socket);
  peers.push(peer);
  await until(() => !socket.connecting);
  return peer;
}

/** A client and the server's side of it. */
async function connectBoth(): Promise<[Peer, Peer]> {
  const before = served.length;
  const client = await connectClient();
  await until(() => served.length > before);
  return [client, served[before]!];
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a fault proxy', () => {
  test('that is not told otherwise passes everything, both ways and to the end', async () => {
    const [client, peer] = await connectBoth();
    const much = 'x'.repeat(1 << 20);
    client.socket.end(`ping${much}`);
    await until(() => peer.ended);
    assert.equal(peer.text, `ping${much}`);
    peer.socket.end(`pong${much}`);
    await until(() => client.ended);
    assert.equal(client.text, `pong${much}`);
    await until(() => proxy.open === 0);
    assert.deepEqual([proxy.accepted, proxy.cuts], [1, 0]);
  });

  test('delays', async () => {
    proxy.delay(200, 'toServer');
    const [client, peer] = await connectBoth();
    const startMs = performance.now();
    client.socket.write('a');
    await until(() => peer.text === 'a');
    assert.ok(performance.now() - startMs > 190);
  });

  test('throttles, and slices to single bytes', async () => {
    proxy.throttle(2000);
    proxy.slice(1);
    const [client, peer] = await connectBoth();
    const startMs = performance.now();
    client.socket.write('x'.repeat(1000));
    await until(() => peer.text.length === 1000);
    assert.ok(performance.now() - startMs > 400);
    assert.ok(peer.chunks.length > 100, `${peer.chunks.length} chunks`);
  });

  test('cuts after so many bytes', async () => {
    proxy.cutAfter(5, 'toServer');
    for (let i = 1; i <= 2; i++) {
      const [client, peer] = await connectBoth();
      client.socket.write('123');
      await until(() => peer.text === '123');
      client.socket.write('45678');
      await until(() => client.ended && peer.ended);
      assert.equal(peer.text, '12345');
      assert.equal(proxy.cuts, i);
      peer.socket.end();
    }
    proxy.cutAfter(3, 'toClient');
    const [client, peer] = await connectBoth();
    peer.socket.write('1234');
    await until(() => client.ended);
    assert.equal(client.text, '123');
  });

  test('cuts every other reply to a request: the server has read it whole', async () => {
    proxy.cutReplies({ every: 2, matching: /add/ });
    const [client, peer] = await connectBoth();
    for (const [request, reply] of [
      ['add', '1'],
      ['get', '2'],
      ['add!', undefined],
    ]) {
      const before = peer.text.length;
      client.socket.write(request!);
      await until(() => peer.text.length === before + request!.length);
      peer.socket.write(reply ?? 'lost');
      if (reply !== undefined) await until(() => client.text.endsWith(reply));
    }
    await until(() => client.ended && peer.ended);
    assert.equal(peer.text, 'addgetadd!');
    assert.equal(client.text, '12');
    assert.equal(proxy.cuts, 1);
  });

  test('cuts every third request before it arrives', async () => {
    proxy.cutRequests({ every: 3 });
    const [client, peer] = await connectBoth();
    for (const request of ['a', 'b', 'c']) {
      client.socket.write(request);
      await pause(30);
    }
    await until(() => client.ended && peer.ended);
    assert.equal(peer.text, 'ab');
  });

  test('swallows both directions or one, keeps connections, and cuts those with a hole when it heals', async () => {
    const [both, bothServed] = await connectBoth();
    const [idle, idleServed] = await connectBoth();
    proxy.blackHole();
    const [late, lateServed] = await connectBoth();
    both.socket.write('a');
    bothServed.socket.write('b');
    await pause(50);
    assert.deepEqual([both.text, bothServed.text], ['', '']);
    assert.deepEqual([both.ended, late.ended], [false, false]);
    await proxy.heal();
    await until(() => both.ended && bothServed.ended);
    idle.socket.write('c');
    late.socket.write('d');
    await until(() => idleServed.text === 'c' && lateServed.text === 'd');

    proxy.blackHole('toClient');
    idle.socket.write('e');
    await until(() => idleServed.text === 'ce');
    idleServed.socket.write('f');
    await pause(50);
    assert.equal(idle.text, '');
  });

  test('holds back, and lets pass when it heals, even if the client has given up', async () => {
    const [patient, patientServed] = await connectBoth();
    const [impatient, impatientServed] = await connectBoth();
    proxy.hold();
    patient.socket.write('a');
    patientServed.socket.write('b');
    impatient.socket.write('c');
    await pause(50);
    impatient.socket.end();
    await pause(50);
    assert.deepEqual([patient.text, patientServed.text, impatientServed.text], ['', '', '']);
    await proxy.heal();
    await until(() => patient.text === 'b' && patientServed.text === 'a' && impatientServed.text === 'c');
    await until(() => impatientServed.ended);
  });

  test('ends one direction, and the other goes on', async () => {
    const [client, peer] = await connectBoth();
    proxy.halfClose('toClient');
    await until(() => client.ended);
    client.socket.write('a');
    await until(() => peer.text === 'a');
    const [other, otherPeer] = await connectBoth();
    proxy.halfClose('toServer');
    await until(() => otherPeer.ended);
    otherPeer.socket.write('b');
    await until(() => other.text === 'b');
  });

  test('refuses connections until it heals, and cuts what is open when told to', async () => {
    const [open, peer] = await connectBoth();
    proxy.refuse();
    const refused = await connectClient();
    await until(() => refused.ended);
    open.socket.write('a');
    await until(() => peer.text === 'a');
    proxy.cut();
    await until(() => open.ended && peer.ended);
    await proxy.heal();
    const [again, againServed] = await connectBoth();
    again.socket.write('b');
    await until(() => againServed.text === 'b');
  });

  test('closes a connection to a server that is not there', async () => {
    server.close();
    const client = await connectClient();
    await until(() => client.ended);
    assert.equal(proxy.open, 0);
  });

  test('passes on back-pressure: a server that does not read stops the client from writing', async () => {
    const [client, peer] = await connectBoth();
    peer.socket.pause();
    const chunk = Buffer.alloc(1 << 20);
    const bytesMax = 256 << 20;
    let bytes = 0;
    for (let still = 0; still < 10 && bytes < bytesMax; await pause(20)) {
      still += 1;
      while (client.socket.writableLength === 0 && bytes < bytesMax) {
        client.socket.write(chunk);
        bytes += chunk.length;
        still = 0;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    assert.ok(bytes < bytesMax, 'the client can write without end');
    peer.socket.resume();
    client.socket.end();
    await until(() => peer.ended);
    assert.equal(peer.socket.bytesRead, bytes);
  });
});
