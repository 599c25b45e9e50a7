import assert from 'node:assert/strict';

/** What an EventSource would dispatch; `comment` is what it would skip. */
export interface StreamEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: { readonly labs: readonly { readonly lab_id: string; readonly avg_temp: number }[] };
}

/** Reads a stream as an EventSource does, but only when it is asked for the next event. */
export class Listener {
  readonly #events: AsyncGenerator<StreamEvent>;
  lastEventId: string | undefined;

  constructor(
    readonly response: Response,
    readonly abort: AbortController,
  ) {
    this.#events = eventsIn(response.body!);
  }

  /** The next event; undefined when the stream has ended. */
  async next(): Promise<StreamEvent | undefined> {
    const { value } = await this.#events.next();
    if (value?.id !== undefined) this.lastEventId = value.id;
    return value;
  }

  /** The next event that is not a comment, which must be of this name: its labs and their temperatures. */
  async labs(name: string): Promise<Record<string, number>> {
    for (;;) {
      const event = await this.next();
      if (event?.event === 'comment') continue;
      assert.equal(event?.event, name);
      return Object.fromEntries(event!.data.labs.map((lab) => [lab.lab_id, lab.avg_temp]));
    }
  }

  close(): void {
    this.abort.abort();
  }
}

async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  let text = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const fields = new Map<string, string>(
        lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      if (fields.has('retry')) assert.match(fields.get('retry')!, /^[1-5]\d{3}$/);
      else if (fields.has('')) yield { event: 'comment', id: undefined, data: { labs: [] } };
      else yield { event: fields.get('event')!, id: fields.get('id'), data: JSON.parse(fields.get('data')!) };
    }
  }
}
