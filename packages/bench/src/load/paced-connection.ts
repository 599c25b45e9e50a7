import type { Socket } from 'node:net';
import type { LatencyHistogram } from '../measuring/latency-histogram.js';
import { beatClockMs } from './metronome.js';
import { openConnection } from './mqtt-connection.js';
import { type PacedFrames, packetId } from './paced-frames.js';

const PUBACK_BYTES = 4;
const PUBACK = 0x40;

/** Publishes of one connection that were due at the same time. */
interface Due {
  readonly atMs: number;
  /** Not acknowledged yet. */
  left: number;
  readonly isMeasured: boolean;
}

export interface PacedConnectionOptions {
  readonly port: number;
  readonly clientId: string;
  readonly frames: PacedFrames;
  /** From due to acknowledged, and from due to handed to the operating system. */
  readonly acknowledged: LatencyHistogram;
  readonly late: LatencyHistogram;
  readonly onFailure: (error: Error) => void;
}

/**
 * One connection that writes its publishes when they are due, however many of them are not acknowledged: a broker that is slow
 * for a while has all that was due meanwhile counted against it. Acknowledgements come in the order of the publishes
 * [MQTT-4.6.0-2].
 */
export class PacedConnection {
  readonly #options: PacedConnectionOptions;
  #socket: Socket | undefined;
  /** Publishes that are due, and that are written. */
  #due = 0;
  #written = 0;
  #bytesRead = 0;
  #acknowledged = 0;
  #underWay: Due[] = [];
  #oldest = 0;

  private constructor(options: PacedConnectionOptions) {
    this.#options = options;
  }

  static async open(options: PacedConnectionOptions): Promise<PacedConnection> {
    const connection = new PacedConnection(options);
    const socket = await openConnection(options.port, options.clientId, (bytes) => connection.#read(bytes));
    connection.#socket = socket;
    socket.on('close', () => options.onFailure(new Error(`${options.clientId}: closed too early`)));
    return connection;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** So many further publishes are due since `atMs`. */
  add(count: number, atMs: number, isMeasured: boolean): void {
    if (count === 0) return;
    this.#due += count;
    this.#underWay.push({ atMs, left: count, isMeasured });
  }

  /** Writes what is due. */
  write(): void {
    if (this.#written === this.#due) return;
    const { bytes, frameBytes } = this.#options.frames;
    const [from, to] = [this.#written * frameBytes, this.#due * frameBytes];
    this.#written = this.#due;
    this.#socket!.write(bytes.subarray(from, to));
  }

  close(): void {
    this.#socket!.removeAllListeners('close').destroy();
  }

  #read(bytes: Buffer): void {
    const nowMs = beatClockMs();
    const whole = (PUBACK_BYTES - (this.#bytesRead % PUBACK_BYTES)) % PUBACK_BYTES;
    this.#bytesRead += bytes.length;
    // A look at one of them: counting bytes must not take anything else for the acknowledgements that are due.
    if (whole + PUBACK_BYTES <= bytes.length) {
      const number = this.#acknowledged + (whole === 0 ? 0 : 1);
      if (bytes[whole] !== PUBACK || bytes.readUInt16BE(whole + 2) !== packetId(number))
        this.#fail(`${bytes.toString('hex', whole, whole + 4)} is not the PUBACK of ${packetId(number)}`);
    }
    const acknowledged = Math.floor(this.#bytesRead / PUBACK_BYTES);
    this.#settle(acknowledged - this.#acknowledged, nowMs);
    this.#acknowledged = acknowledged;
  }

  #settle(count: number, nowMs: number): void {
    for (let left = count; left > 0; ) {
      const oldest = this.#underWay[this.#oldest];
      if (oldest === undefined) {
        this.#fail(`${left} more PUBACKs than publishes`);
        return;
      }
      const settled = Math.min(left, oldest.left);
      if (oldest.isMeasured) this.#options.acknowledged.record(nowMs - oldest.atMs, settled);
      oldest.left -= settled;
      left -= settled;
      if (oldest.left === 0) this.#oldest += 1;
    }
    if (this.#oldest === this.#underWay.length) {
      this.#underWay = [];
      this.#oldest = 0;
    }
  }

  #fail(what: string): void {
    this.#options.onFailure(new Error(`${this.#options.clientId}: ${what}`));
  }
}
