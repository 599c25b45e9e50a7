import { getSystemErrorName } from 'node:util';
import {
  type Lendable,
  type PieceTaker,
  type Port,
  plainError,
  type TapTransport,
  type TransportObserver,
} from '@humtemp/intake';

/** What is read at once, of all connections: it is good until the call returns. */
const SHARED_BYTES = 65_536;
const shared = Buffer.allocUnsafeSlow(SHARED_BYTES);
/** What is read at once of a connection until it has shown that more can be worked on: of thousands, some may have to be kept. */
const BRIEF_BYTES = 4096;
const brief = shared.subarray(0, BRIEF_BYTES);
/** The beginnings of it that came before, by their length: most pieces are short, and as long as others. */
const pieces: Buffer[] = [];
const PIECES_MAX = 1024;
/** What is so long is handed to the kernel by itself, and not put together with others: see `Outbox`. */
const LONG_BYTES = 2048;
/** Bytes that wait for the other side to read, before a connection is full. */
const FULL_BYTES = 16_384;

/** A TCP connection as libuv has it. Node has no public name for it. */
export interface Handle {
  transport: HandleTransport | undefined;
  /** Whom it is lent to, and under which number. */
  taker: PieceTaker | undefined;
  place: number;
  /** @returns what is read into next; undefined: the same. */
  onread: (this: Handle) => Buffer | undefined;
  useUserBuffer(buffer: Buffer): void;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
  shutdown(request: Request): number;
  close(done: () => void): void;
}

interface Request {
  oncomplete: (status: number) => void;
}

/** libuv reads the bytes until the request is complete: they must stay. */
interface WriteRequest extends Request {
  bytes: Buffer | undefined;
}

/** What Node's own sockets are made of. */
interface StreamWrap {
  readonly WriteWrap: new () => WriteRequest;
  readonly ShutdownWrap: new () => Request;
  /** What the last call has brought, by the places that the next two numbers name. */
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

function streamWrap(): StreamWrap | undefined {
  try {
    return (process as unknown as { binding(name: string): StreamWrap }).binding('stream_wrap');
  } catch {
    return undefined;
  }
}

/** Undefined: this Node does not show it. */
const wrap = streamWrap();

/**
 * A TCP connection without the streams of Node, which cost more than all that humtemp does for a publish: what comes is read
 * into one buffer for all connections, and what goes out is handed to the kernel at once, as long as it takes it.
 *
 *     open ──end()──▶ ending ──all is written──▶ said its last ──the other side ends──▶ closed
 *       │ the other side ends: as end()
 *       └──destroy(), or an error──▶ closed
 *
 * Use it only where `canUseHandles()` says so.
 */
export class HandleTransport implements TapTransport, Lendable {
  // What a publish needs comes first: that of thousands of connections is cold in the caches when their turn comes.

  /** Undefined: it is closed, or about to be. */
  #handle: Handle | undefined;
  #observer: TransportObserver | undefined;
  #state: 'open' | 'ending' | 'silent' = 'open';
  /** Bytes that the kernel has not taken. */
  #waiting = 0;
  /** What is written together, and how many bytes it has. */
  #corked: Buffer[] | undefined;
  #isPaused = true;
  #isBrief = true;
  #isFull = false;
  #corkedBytes = 0;
  /** Whether it goes out at the end of this turn. */
  #goesOutSoon = false;
  #isOtherSilent = false;
  #whenClosed: (() => void) | undefined;
  #whenSilent: (() => void) | undefined;

  constructor(handle: Handle) {
    this.#handle = handle;
    handle.transport = this;
    handle.taker = undefined;
    handle.place = 0;
    handle.useUserBuffer(brief);
    handle.onread = onRead;
  }

  get lendable(): Lendable {
    return this;
  }

  lend(taker: PieceTaker, place: number): Port {
    const handle = this.#handle!;
    handle.taker = taker;
    handle.place = place;
    return handle;
  }

  takeBack(): void {
    if (this.#handle !== undefined) this.#handle.taker = undefined;
  }

  get isReadShared(): true {
    return true;
  }

  get isBrief(): boolean {
    return this.#isBrief;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get keepsWritten(): boolean {
    return this.#waiting > 0 || this.#corked !== undefined;
  }

  get writableLength(): number {
    return this.#waiting + this.#corkedBytes;
  }

  /** Calls back once, when the connection is closed. */
  whenClosed(callback: () => void): void {
    this.#whenClosed = callback;
  }

  observe(observer: TransportObserver): void {
    this.#observer = observer;
    if (this.#handle === undefined) process.nextTick(() => this.#closed());
    else this.resume();
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#handle?.readStop();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#isOtherSilent) this.#handle?.readStart();
  }

  write(bytes: Buffer): boolean {
    if (this.#corked === undefined) this.#write(bytes);
    else this.#cork(this.#corked, bytes);
    return !this.#isFull;
  }

  writeSoon(bytes: Buffer): boolean {
    if (bytes.length >= LONG_BYTES && this.#state === 'open') {
      this.#flush();
      return this.write(bytes);
    }
    this.#corked ??= [];
    this.#cork(this.#corked, bytes);
    if (this.#corkedBytes >= FULL_BYTES) this.#flush();
    else if (this.#corked !== undefined && !this.#goesOutSoon) {
      this.#goesOutSoon = true;
      if (soon.push(this) === 1) setImmediate(flushAll);
    }
    return !this.#isFull;
  }

  /** The end of a turn. */
  goOut(): void {
    this.#goesOutSoon = false;
    this.#flush();
  }

  cork(): void {
    this.#corked ??= [];
  }

  uncork(): void {
    if (!this.#goesOutSoon) this.#flush();
  }

  #cork(corked: Buffer[], bytes: Buffer): void {
    corked.push(bytes);
    this.#corkedBytes += bytes.length;
  }

  #flush(): void {
    const corked = this.#corked;
    if (corked === undefined) return;
    this.#corked = undefined;
    this.#corkedBytes = 0;
    if (corked.length > 0) this.#write(corked.length === 1 ? corked[0]! : Buffer.concat(corked));
  }

  end(done: () => void): void {
    if (this.#handle === undefined || this.#state === 'silent') {
      process.nextTick(done);
      return;
    }
    // Whoever ends it because the other side has ended asks for nothing.
    this.#whenSilent = done;
    if (this.#state === 'ending') return;
    this.#flush();
    this.#state = 'ending';
    if (this.#waiting === 0) this.#shutDown();
  }

  destroy(): void {
    this.#close();
  }

  /** Bytes have come, or there will be none: the end, or an error. @returns what is read into next. */
  read(count: number): Buffer | undefined {
    if (count > 0) return this.#received(count);
    if (count < 0 && getSystemErrorName(count) !== 'EOF') this.#fail(count, 'read');
    else if (count < 0) this.#otherEnds();
    return undefined;
  }

  #received(count: number): Buffer | undefined {
    this.#observer?.onReceived(pieceOf(count));
    // It sends much: all of it was worked on, or some has to be kept.
    const isBrief = this.#isPaused || (this.#isBrief && count < BRIEF_BYTES);
    if (isBrief === this.#isBrief) return undefined;
    this.#isBrief = isBrief;
    return isBrief ? brief : shared;
  }

  #otherEnds(): void {
    this.#isOtherSilent = true;
    this.#handle?.readStop();
    this.#observer?.onEnd();
    if (this.#state === 'silent') this.#close();
    else if (this.#state === 'open') this.end(() => {});
  }

  #write(bytes: Buffer): void {
    const handle = this.#handle;
    // As with a socket of Node, what is written behind the end is lost.
    if (handle === undefined || this.#state !== 'open') return;
    const failure = handle.writeBuffer(spare, bytes);
    if (failure !== 0 || wrap!.streamBaseState[wrap!.kLastWriteWasAsync] !== 0)
      this.notWritten(failure, bytes);
  }

  /** The last write has failed, or the kernel has not taken all of it: the request is in use. */
  notWritten(failure: number, bytes: Buffer): void {
    if (failure !== 0) {
      process.nextTick(() => this.#fail(failure, 'write'));
      return;
    }
    const request = spare;
    spare = new wrap!.WriteWrap();
    this.#waiting += bytes.length;
    if (this.#waiting >= FULL_BYTES) this.#isFull = true;
    request.bytes = bytes;
    request.oncomplete = (status) => {
      request.bytes = undefined;
      this.#waiting -= bytes.length;
      if (status < 0) this.#fail(status, 'write');
      else if (this.#waiting === 0) this.#drained();
    };
  }

  #drained(): void {
    if (this.#isFull) {
      this.#isFull = false;
      this.#observer?.onDrained();
    }
    if (this.#state === 'ending' && this.#waiting === 0) this.#shutDown();
  }

  #shutDown(): void {
    const request = new wrap!.ShutdownWrap();
    request.oncomplete = () => this.#becomeSilent();
    const failure = this.#handle?.shutdown(request);
    // The other side has gone.
    if (failure !== 0) process.nextTick(() => this.#becomeSilent());
  }

  #becomeSilent(): void {
    this.#state = 'silent';
    const whenSilent = this.#whenSilent;
    this.#whenSilent = undefined;
    if (this.#isOtherSilent) this.#close();
    whenSilent?.();
  }

  #fail(status: number, call: 'read' | 'write'): void {
    // What was under way when it was closed.
    if (this.#handle === undefined) return;
    const code = getSystemErrorName(status);
    const error = Object.assign(plainError(`${call} ${code}`), { code, errno: status, syscall: call });
    this.#observer?.onFailure(error);
    this.#close();
  }

  #close(): void {
    // What was written before has gone out.
    this.#flush();
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#handle = undefined;
    handle.transport = undefined;
    handle.close(() => this.#closed());
  }

  #closed(): void {
    this.#whenClosed?.();
    this.#observer?.onClosed();
  }
}

/** Those that have something to write at the end of this turn. */
let soon: HandleTransport[] = [];

function flushAll(): void {
  const transports = soon;
  soon = [];
  for (const transport of transports) transport.goOut();
}

/** Used by each write that the kernel takes at once. */
let spare = wrap === undefined ? (undefined as never) : new wrap.WriteWrap();

function onRead(this: Handle): Buffer | undefined {
  const count = wrap!.streamBaseState[wrap!.kReadBytesOrError]!;
  const { taker } = this;
  if (taker !== undefined && count > 0 && taker.takes(this.place, pieceOf(count))) return undefined;
  return this.transport?.read(count);
}

/**
 * Writes to a transport that is lent. @param port what `lend()` gave.
 * @returns false if the kernel has not taken all of it: the bytes must stay as they are.
 */
export function writeToPort(port: Port, bytes: Buffer): boolean {
  const handle = port as Handle;
  const failure = handle.writeBuffer(spare, bytes);
  if (failure === 0 && wrap!.streamBaseState[wrap!.kLastWriteWasAsync] === 0) return true;
  handle.transport?.notWritten(failure, bytes);
  return false;
}

function pieceOf(count: number): Buffer {
  if (count > PIECES_MAX) return shared.subarray(0, count);
  pieces[count] ??= shared.subarray(0, count);
  return pieces[count]!;
}

/** Whether there is all of Node that this needs. Whether it works is another question. */
export const HAS_HANDLES = wrap !== undefined;
