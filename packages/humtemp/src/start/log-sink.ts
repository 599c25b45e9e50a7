import { constants, fstatSync, openSync, statSync, writeSync } from 'node:fs';

/** Bytes of lines that wait for room. */
const WAITING_BYTES_MAX = 256 * 1024;
const RETRY_MS = 1000;

export interface LogSinkOptions {
  /** Writes some bytes and returns how many; throws if that is not possible now. */
  readonly write: (bytes: Buffer) => number;
  /** The line that says how many were lost. */
  readonly lostLine: (lines: number) => string;
}

/**
 * Where log lines go. What goes wrong here ends nothing else: a line that cannot be written waits for a
 * while, beyond that it is lost and counted, and once there is room again, a line says how many were lost.
 *
 *     writing ──a write fails──▶ waiting ──full──▶ losing
 *        ▲                          │                 │
 *        └───────tried at each line, and once a second┘
 */
export class LogSink {
  /** Lines, and the rest of one that was begun, which comes first. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #unsaid = 0;
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly options: LogSinkOptions) {}

  /** Lines that were lost since the beginning. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes a line, with its line break. Never throws. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    const isTaken = this.#waitingBytes + bytes.length <= WAITING_BYTES_MAX;
    if (isTaken) this.#push(bytes);
    this.flush();
    if (isTaken) return;
    if (this.#waiting.length === 0) {
      this.#push(bytes);
      this.flush();
    } else {
      this.#lost += 1;
      this.#unsaid += 1;
    }
  }

  /** Writes what waits, as far as there is room. */
  flush(): void {
    try {
      while (this.#waiting.length > 0) this.#writeFirst();
      if (this.#unsaid === 0) return;
      const lines = this.#unsaid;
      this.#unsaid = 0;
      this.#push(Buffer.from(this.options.lostLine(lines)));
      this.#writeFirst();
    } catch {
      this.#tryLater();
    }
  }

  #push(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  #writeFirst(): void {
    const [bytes] = this.#waiting as [Buffer];
    const written = this.options.write(bytes);
    this.#waitingBytes -= written;
    if (written < bytes.length) this.#waiting[0] = bytes.subarray(written);
    else this.#waiting.shift();
  }

  #tryLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, RETRY_MS).unref();
  }
}

/** Writes to a file descriptor. It waits for no reader: of a pipe that is full it says so. */
export function descriptorWriter(fd: number): (bytes: Buffer) => number {
  const own = withoutWaiting(fd);
  return (bytes) => writeSync(own, bytes);
}

/**
 * The same pipe, opened once more so that a write to it does not wait for room. Another program may write to
 * it too, so the descriptor itself is left as it is. The descriptor itself, where that is not possible or
 * needed.
 */
function withoutWaiting(fd: number): number {
  try {
    const isPipe = fstatSync(fd).isFIFO();
    // Node's realpathSync reads the result of the last synchronous stat, and stops half-way after that of a
    // pipe (seen with 20.20.2): every module behind a symbolic link would then be loaded from the wrong
    // place.
    statSync('/');
    if (!isPipe) return fd;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return fd;
  }
}
