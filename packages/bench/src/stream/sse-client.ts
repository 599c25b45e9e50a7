import { connect, type Socket } from 'node:net';

const READY_MS_MAX = 60_000;
const LAB =
  /"lab_id":"lab-(\d+)","latest":\{[^}]*\},"current":\{"start":"[^"]*","end":"[^"]*","observations":(\d+)/g;
const END_OF_HEAD = '\r\n\r\n';
const LINE_FEED = 10;

/** Everything read goes through here, one connection after the other: reading then costs no memory. */
const shared = Buffer.alloc(65_536);

export interface SseClientOptions {
  readonly port: number;
  /** As `?labs=` has it. */
  readonly labs: string;
  readonly onChanges: (event: Changes) => void;
  readonly onClose: () => void;
}

/** What one event of a stream says, as far as it matters here. */
export interface Changes {
  readonly name: string;
  /** Of the process that was asked, since its start. */
  readonly turn: number;
  /** Number of each lab, and the observations in its current bucket. */
  readonly labs: ReadonlyMap<number, number>;
}

/** One live stream over a bare socket, with no more of HTTP and of the events than it takes to follow the labs. */
export class SseClient {
  bytes = 0;
  #socket: Socket | undefined;
  #pieces: Buffer[] = [];
  #isHeadRead = false;
  #lastByte = 0;

  private constructor(readonly options: SseClientOptions) {}

  /** Resolves with the first event. @throws when there is none. */
  static async open(options: SseClientOptions): Promise<SseClient> {
    const client = new SseClient(options);
    await client.#connect();
    return client;
  }

  #connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { port, labs, onClose } = this.options;
      const limit = setTimeout(() => reject(new Error(`/stream?labs=${labs}: no event`)), READY_MS_MAX);
      const read = (length: number) => {
        try {
          if (!this.#read(shared.subarray(0, length))) return true;
          clearTimeout(limit);
          resolve();
        } catch (error) {
          reject(error);
        }
        return true;
      };
      this.#socket = connect({ port, host: '127.0.0.1', onread: { buffer: shared, callback: read } });
      // HTTP/1.0, whose bodies come without the lengths of chunks.
      this.#socket.write(`GET /stream?labs=${labs} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n`);
      this.#socket.on('error', reject);
      this.#socket.on('close', () => {
        reject(new Error(`/stream?labs=${labs}: closed`));
        onClose();
      });
    });
  }

  /** @returns whether an event was in it. */
  #read(bytes: Buffer): boolean {
    this.bytes += bytes.length;
    this.#pieces.push(Buffer.from(bytes));
    const [before = this.#lastByte, last] = bytes.length > 1 ? bytes.subarray(-2) : [undefined, bytes[0]];
    this.#lastByte = last!;
    // A second lies between two events: what is read does not go on behind the end of one.
    if (before !== LINE_FEED || last !== LINE_FEED) return false;
    let text = Buffer.concat(this.#pieces).toString('latin1');
    this.#pieces = [];
    if (!this.#isHeadRead) {
      if (!text.startsWith('HTTP/1.1 200 ')) throw new Error(text.slice(0, 500));
      text = text.slice(text.indexOf(END_OF_HEAD) + END_OF_HEAD.length);
      this.#isHeadRead = true;
    }
    const events = text.split('\n\n').filter((event) => event.startsWith('id: '));
    for (const event of events) this.options.onChanges(changesIn(event));
    return events.length > 0;
  }
}

function changesIn(event: string): Changes {
  const [id = '', name = ''] = event.split('\n', 2);
  const labs = new Map<number, number>();
  for (const [, lab, observations] of event.matchAll(LAB)) labs.set(Number(lab), Number(observations));
  return { name: name.slice('event: '.length), turn: Number(id.slice(id.lastIndexOf('.') + 1)), labs };
}
