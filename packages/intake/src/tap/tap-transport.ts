import { Duplex } from 'node:stream';

/** What a transport reports to the tap behind it. */
export interface TransportObserver {
  /** Bytes have come. */
  onReceived(bytes: Buffer): void;
  /** The other side says no more. */
  onEnd(): void;
  onFailure(error: Error): void;
  onClosed(): void;
  /** There is room again: `write()` has said that there was none. */
  onDrained(): void;
}

/** Takes pieces that have come, before the observer sees them. */
export interface PieceTaker {
  /** Takes a piece, good until the call returns. @returns false if it is for the observer. */
  takes(place: number, bytes: Buffer): boolean;
}

/** Of a transport that can be lent: no more than is needed to write to it. */
export type Port = object;

/** A transport whose pieces somebody else may see first. */
export interface Lendable {
  /** From now on `taker` is offered each piece, under a number of its own. @returns where it writes. */
  lend(taker: PieceTaker, place: number): Port;
  takeBack(): void;
}

/** A connection to the other side, as a tap uses it. */
export interface TapTransport {
  /** Undefined: it cannot be lent. */
  readonly lendable?: Lendable;
  /** Whether bytes that are received are good until the call returns only: what is kept is copied. */
  readonly isReadShared: boolean;
  /** Whether it reads no more than some kB at a time. */
  readonly isBrief: boolean;
  /** Bytes that wait for the other side to read. */
  readonly writableLength: number;
  readonly isPaused: boolean;
  /** Whether it still needs bytes that were written, or will need those that are written next. */
  readonly keepsWritten: boolean;
  /** Begins to read, and reports to one observer, from now on. */
  observe(observer: TransportObserver): void;
  /** @returns false if nothing more should be written until it has drained. */
  write(bytes: Buffer): boolean;
  /** As `write()`, with whatever else is written in this turn of the event loop: each write costs a call of the kernel. */
  writeSoon(bytes: Buffer): boolean;
  /** What is written until `uncork()` goes out together. */
  cork(): void;
  uncork(): void;
  pause(): void;
  resume(): void;
  /** Says no more once everything is written, and calls back then. The other side may still say something. */
  end(done: () => void): void;
  destroy(): void;
}

/** A stream of Node as a transport: TLS, WebSocket, and TCP where Node has no shorter way. */
export class StreamTransport implements TapTransport {
  readonly isReadShared = false;
  readonly isBrief: boolean = false;
  readonly keepsWritten = true;
  #observer: TransportObserver | undefined;

  constructor(readonly stream: Duplex) {}

  static of(transport: Duplex | TapTransport): TapTransport {
    return transport instanceof Duplex ? new StreamTransport(transport) : transport;
  }

  get writableLength(): number {
    return this.stream.writableLength;
  }

  get isPaused(): boolean {
    return this.stream.isPaused();
  }

  observe(observer: TransportObserver): void {
    const isFirst = this.#observer === undefined;
    this.#observer = observer;
    if (isFirst) this.#listen();
  }

  #listen(): void {
    const { stream } = this;
    stream.on('data', (bytes: Buffer) => this.#observer!.onReceived(bytes));
    stream.on('end', () => this.#observer!.onEnd());
    stream.on('error', (error) => this.#observer!.onFailure(error));
    stream.on('close', () => this.#observer!.onClosed());
    stream.on('drain', () => this.#observer!.onDrained());
  }

  write(bytes: Buffer): boolean {
    return this.stream.write(bytes);
  }

  writeSoon(bytes: Buffer): boolean {
    return this.stream.write(bytes);
  }

  cork(): void {
    this.stream.cork();
  }

  uncork(): void {
    this.stream.uncork();
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  end(done: () => void): void {
    this.stream.end(() => done());
  }

  destroy(): void {
    this.stream.destroy();
  }
}
