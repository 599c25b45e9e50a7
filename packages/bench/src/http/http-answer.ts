export interface Answer {
  readonly status: number;
  /** Head and body. */
  readonly bytes: number;
}

const HEAD_END = '\r\n\r\n';

/**
 * The HTTP/1.1 answer that these bytes begin with (RFC 9112); undefined while it is not whole.
 * @throws if its end cannot be told
 */
export function readAnswer(bytes: Buffer): Answer | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd === -1) return undefined;
  const head = bytes.toString('latin1', 0, headEnd).toLowerCase();
  const status = Number(/^http\/1\.1 (\d{3})/.exec(head)?.[1]);
  const bodyStart = headEnd + HEAD_END.length;
  const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1];
  const end = length === undefined ? chunkedEnd(head, bytes, bodyStart) : bodyStart + Number(length);
  if (Number.isNaN(status) || end === undefined) throw new Error(`an answer that cannot be read: ${head}`);
  return end <= bytes.length ? { status, bytes: end } : undefined;
}

/** Where the last chunk ends, beyond the bytes while it is not there; undefined: the body does not come in chunks. */
function chunkedEnd(head: string, bytes: Buffer, bodyStart: number): number | undefined {
  if (!/\r\ntransfer-encoding: *chunked/.test(head)) return undefined;
  for (let at = bodyStart; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return Number.POSITIVE_INFINITY;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) return undefined;
    at = lineEnd + 2 + size + 2;
    if (size === 0) return at;
  }
}
