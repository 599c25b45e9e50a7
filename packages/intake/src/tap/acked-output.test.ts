import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AckedOutput } from './acked-output.js';
import { PendingAcks } from './pending-acks.js';
import type { TapTransport } from './tap-transport.js';

const settled = { isSettled: () => true };

/** Keeps what is written as it is, as a kernel does that has no room, or that has. */
class KeepingTransport {
  readonly written: Buffer[] = [];
  isFull = false;

  get keepsWritten(): boolean {
    return this.isFull;
  }

  write(bytes: Buffer): boolean {
    this.written.push(this.isFull ? bytes : Buffer.from(bytes));
    return true;
  }

  writeSoon(bytes: Buffer): boolean {
    return this.write(bytes);
  }
}

test('PUBACKs that are still to be written stay as they are, whoever is acknowledged next', () => {
  const transport = new KeepingTransport();
  const output = new AckedOutput(transport as unknown as TapTransport);
  const acknowledge = (...ids: number[]) => {
    const acks = new PendingAcks();
    for (const id of ids) acks.add(1, id);
    const frames = acks.takeSettled(settled)!;
    if (output.acknowledge(frames)) PendingAcks.keep(frames);
  };
  acknowledge(1);
  // The kernel takes nothing of this one: it becomes full with it.
  const write = transport.write.bind(transport);
  transport.write = (bytes) => {
    transport.isFull = true;
    return write(bytes);
  };
  acknowledge(2);
  acknowledge(3);
  acknowledge(4, 5);
  // Within a frame of the endpoint they wait.
  output.send(Buffer.from([0x30, 2, 0]));
  acknowledge(6);
  acknowledge(7);
  output.send(Buffer.from([0]));
  assert.deepEqual(
    Buffer.concat(transport.written).toString('hex'),
    ['40020001', '40020002', '40020003', '4002000440020005', '300200', '00', '40020006', '40020007'].join(''),
  );
});
