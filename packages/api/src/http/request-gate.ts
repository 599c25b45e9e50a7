import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** RFC 9112 §2.1: what ends the headers of a request. */
const HEADERS_END = Buffer.from('\r\n\r\n');
/** Of a body whose end is in its chunks, given to the parser at a time: few requests are behind its end. */
const CHUNKED_PIECE_BYTES = 128;

/**
 * Lets a connection have one request in work at a time. Node reads up to 64 KiB at once and begins every request in
 * it; here the bytes of the next request wait until the answer before it is closed, and one turn of the event loop
 * longer. While bytes wait, nothing more is read from the connection.
 *
 *     free ──a request begins──▶ busy ──its answer is closed──▶ between ──the next turn──▶ free
 *
 * Between the socket and Node's parser stands nothing else: `push` gives bytes on, and `_read` asks for more.
 */
export class RequestGate {
  readonly #push: (chunk: unknown) => boolean;
  readonly #read: (size: number) => void;
  #held: Buffer = Buffer.alloc(0);
  /** The client has sent all it will. It is known to the parser behind the bytes that wait. */
  #isEnded = false;
  #isPassing = false;
  #request: IncomingMessage | undefined;
  #answer: ServerResponse | undefined;
  #isBetween = false;
  /** Of the body of the request, by its Content-Length. */
  #bodyBytesLeft: number | undefined;
  /** Requests that were in the same piece as the end of another. */
  readonly #begun: (() => void)[] = [];

  constructor(readonly socket: Socket) {
    this.#push = socket.push.bind(socket) as (chunk: unknown) => boolean;
    this.#read = socket._read.bind(socket);
    socket.push = (chunk: unknown) => this.#arrived(chunk as Buffer | null);
    socket._read = (size) => {
      if (this.#held.length === 0) this.#read(size);
    };
    // With a listener of its own, Node gives up reading past the stream.
    socket.on('data', () => {});
    socket.on('resume', () => this.#pass());
  }

  /** Whether an answer is in work. */
  get isBusy(): boolean {
    return this.#request !== undefined;
  }

  /** Whether the client has a part of the answer in work. */
  get isAnswering(): boolean {
    return this.#answer?.headersSent === true;
  }

  /** Begins a request, now or when it is its turn. `begin` is not called if the connection is closed before. */
  enter(answer: ServerResponse, begin: () => void): void {
    const isFree = this.#request === undefined && !this.#isBetween;
    if (isFree) this.#begin(answer, begin);
    else this.#begun.push(() => this.#begin(answer, begin));
  }

  /** The answer to the request in work is closed. */
  leave(): void {
    this.#request = undefined;
    this.#answer = undefined;
    if (this.#held.length === 0 && this.#begun.length === 0) return;
    this.#isBetween = true;
    setImmediate(() => {
      this.#isBetween = false;
      if (!this.socket.destroyed) this.#begun.shift()?.();
      this.#pass();
    });
  }

  #begin(answer: ServerResponse, begin: () => void): void {
    this.#answer = answer;
    this.#request = answer.req;
    const length = answer.req.headers['content-length'];
    this.#bodyBytesLeft = length === undefined ? undefined : Number(length);
    begin();
  }

  #arrived(chunk: Buffer | null): boolean {
    if (chunk === null) {
      this.#isEnded = true;
      if (this.#held.length === 0) return this.#push(null);
      return false;
    }
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#pass();
    return this.#held.length === 0;
  }

  /** Gives bytes to the parser, piece by piece, for as long as it may have more. */
  #pass(): void {
    if (this.#isPassing) return;
    this.#isPassing = true;
    while (this.#held.length > 0 && this.#mayHaveMore()) {
      const piece = this.#held.subarray(0, this.#pieceBytes());
      this.#held = this.#held.subarray(piece.length);
      this.#push(piece);
      if (this.#held.length === 0 && this.#isEnded) this.#push(null);
    }
    this.#isPassing = false;
  }

  #mayHaveMore(): boolean {
    const { socket } = this;
    if (socket.destroyed || socket.isPaused() || this.#isBetween || this.#begun.length > 0) return false;
    return this.#request === undefined || !this.#request.complete;
  }

  #pieceBytes(): number {
    if (this.#request === undefined) {
      const end = this.#held.indexOf(HEADERS_END);
      return end < 0 ? this.#held.length : end + HEADERS_END.length;
    }
    if (this.#bodyBytesLeft === undefined || !(this.#bodyBytesLeft > 0)) return CHUNKED_PIECE_BYTES;
    const bytes = Math.min(this.#bodyBytesLeft, this.#held.length);
    this.#bodyBytesLeft -= bytes;
    return bytes;
  }
}
