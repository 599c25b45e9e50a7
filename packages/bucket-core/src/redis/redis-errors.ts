/** What Redis answers when it cannot serve anybody now, whatever it is asked. */
const OF_THE_SERVER =
  /\b(OOM|READONLY|LOADING|MISCONF|BUSY|NOPERM|NOAUTH|WRONGPASS|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|UNKILLABLE)\b/;

const ELSEWHERE = /^(MOVED|ASK|TRYAGAIN|ELSEWHERE)\b|attempted to access a non local key/;

/** A place is on its way to another server, or may be there by now. */
export class Elsewhere extends Error {
  override readonly name = 'Elsewhere';

  constructor() {
    super('labs are being moved to another server');
  }
}

/** Whether Redis answered with an error; else the answer did not come, and nobody knows what was done. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Whether an error concerns what a command was about, and not the connection or the server as a whole. */
export function isAboutValue(error: unknown): boolean {
  return isReply(error) && !isElsewhere(error) && !OF_THE_SERVER.test((error as Error).message);
}

/** Whether a key is elsewhere, or on its way there. */
export function isElsewhere(error: unknown): boolean {
  if (error instanceof Elsewhere) return true;
  return isReply(error) && ELSEWHERE.test((error as Error).message);
}

export function isWrongType(error: unknown): boolean {
  return isReply(error) && (error as Error).message.includes('WRONGTYPE');
}

/** ioredis speaks of its own options where a user wants to know what happened. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'MaxRetriesPerRequestError') return 'the connection was lost before the answer came';
  if (error.message.includes('enableOfflineQueue')) return 'not connected';
  return error.message;
}
