/** Moments before now in which the observations of a load were measured: far more than a round has milliseconds. */
const BEFORE_NOW_MS = 600_000;

/** Requests of one connection that are encoded before the clock starts. Before each is sent, only the digits of its time change. */
export class ObservationRequests {
  readonly #requests: readonly { readonly bytes: Buffer; readonly timeAt: number }[];
  readonly #startMs: number;
  #sent = 0;

  constructor(labs: readonly string[], host: string, nowMs: number) {
    this.#startMs = nowMs - BEFORE_NOW_MS;
    this.#requests = labs.map((lab, i) => encode(lab, i, host, this.#startMs));
  }

  /**
   * The next request: the labs take turns, and of each lab every observation is a millisecond later than the last. The
   * bytes are valid until the lab has its next turn.
   */
  next(): Buffer {
    const { bytes, timeAt } = this.#requests[this.#sent % this.#requests.length]!;
    bytes.write(timeText(this.#startMs + Math.floor(this.#sent++ / this.#requests.length)), timeAt, 'latin1');
    return bytes;
  }
}

function encode(lab: string, variant: number, host: string, measuredMs: number) {
  const body =
    `{"lab_id":"${lab}","timestamp":${timeText(measuredMs)},` +
    `"temp":${20 + (variant % 100) / 10},"humidity":${40 + (variant % 200) / 10}}`;
  const head =
    `POST /observation HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${body.length}\r\n\r\n`;
  const timeAt = head.length + body.indexOf('timestamp":') + 'timestamp":'.length;
  return { bytes: Buffer.from(head + body, 'latin1'), timeAt };
}

/** Unix seconds with three decimals: always as long. */
function timeText(unixMs: number): string {
  return (unixMs / 1000).toFixed(3);
}
