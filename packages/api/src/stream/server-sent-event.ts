/** An event as text/event-stream has it. `data` is JSON, which has no line breaks. */
export function serverSentEvent(name: string, data: string, id?: string): Buffer {
  return Buffer.from(`${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${data}\n\n`);
}

/** A comment, which clients skip: it shows both sides and all between them that the connection lives. */
export const HEARTBEAT = Buffer.from(': alive\n\n');

/** How long a client waits before it connects again: not all at once after a restart. */
export function retryAfterDisconnect(): Buffer {
  return Buffer.from(`retry: ${1000 + Math.floor(Math.random() * 4000)}\n\n`);
}
