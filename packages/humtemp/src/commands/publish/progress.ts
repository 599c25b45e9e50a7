import { count } from './count.js';

/** Where output goes: a terminal or not. */
export interface PublishOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What the status line shows. */
export interface Status {
  /** What is going on, if it is not plain publishing: reading a file, waiting for the ledger. */
  readonly activity?: string | undefined;
  readonly sent: number;
  /** What is done for good: acknowledged, or with QoS 0 handed over. */
  readonly done: number;
  readonly inFlight: number;
  /** How many there will be, if that is known. */
  readonly total?: number | undefined;
  /** By the ledger, if that is known. */
  readonly rejected?: number | undefined;
  /** How far publishing lags behind its schedule. */
  readonly behindS?: number | undefined;
  readonly downReason?: string | undefined;
}

const REDRAW_MS = 100;
/** The rate shown is about that of the last two seconds. */
const RATE_SMOOTHING_MS = 2000;
const ERASE_LINE = '\r\u001b[2K';

/** Rewrites one status line on a terminal, at most ten times a second; does nothing anywhere else. */
export class Progress {
  readonly #timer: NodeJS.Timeout | undefined;
  #ratePerS: number | undefined;
  #done = 0;
  #drawnMs = performance.now();

  constructor(
    readonly output: PublishOutput,
    readonly status: () => Status,
  ) {
    if (output.isTTY !== true) return;
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    this.#timer.unref();
  }

  /** Clears the line. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.output.write(ERASE_LINE);
  }

  #draw(): void {
    const status = this.status();
    const nowMs = performance.now();
    const elapsedMs = Math.max(1, nowMs - this.#drawnMs);
    const ratePerS = ((status.done - this.#done) * 1000) / elapsedMs;
    const weight = 1 - Math.exp(-elapsedMs / RATE_SMOOTHING_MS);
    this.#ratePerS =
      this.#ratePerS === undefined ? ratePerS : this.#ratePerS + (ratePerS - this.#ratePerS) * weight;
    this.#done = status.done;
    this.#drawnMs = nowMs;
    const line = statusLine(status, this.#ratePerS);
    this.output.write(ERASE_LINE + line.slice(0, Math.max(20, (this.output.columns ?? 80) - 1)));
  }
}

/** The status in one line, the most important first: a narrow terminal cuts it off. */
export function statusLine(status: Status, ratePerS: number): string {
  const parts: string[] = [];
  if (status.downReason !== undefined) parts.push(`no connection (${status.downReason})`);
  if (status.activity !== undefined) parts.push(status.activity);
  if (status.total !== undefined) parts.push(`${percent(status.done, status.total)} %`);
  const decimals = ratePerS < 10 ? 1 : 0;
  parts.push(
    `${count(ratePerS, decimals)}/s`,
    `${count(status.sent)} sent`,
    `${count(status.done)} acknowledged`,
  );
  if (status.rejected !== undefined) parts.push(`${count(status.rejected)} rejected`);
  parts.push(`${count(status.inFlight)} in flight`);
  if (status.behindS !== undefined && status.behindS >= 1) parts.push(`${count(status.behindS)} s behind`);
  if (status.total !== undefined && ratePerS > 0 && status.total > status.done)
    parts.push(`${duration((status.total - status.done) / ratePerS)} left`);
  return parts.join(' · ');
}

/** Rounded down: 100 % means all of them. */
function percent(done: number, total: number): number {
  return total <= 0 ? 100 : Math.min(100, Math.floor((done * 100) / total));
}

function duration(seconds: number): string {
  const s = Math.ceil(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)} min`;
  return `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))} h`;
}
