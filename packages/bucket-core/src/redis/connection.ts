import { Redis } from 'ioredis';
import { hearEveryError } from './socket-errors.js';

/** Which Redis, and how patient to be with it. */
export interface RedisConnectionOptions {
  /** redis:// or rediss://, with user, password and database as Redis clients know it. */
  readonly url: string;
  /** What Redis lists the connection as, for whoever looks who is connected. */
  readonly connectionName?: string;
  /** How long an answer may take before the connection is given up and made anew. */
  readonly replyTimeoutMs: number;
  /** Told of each loss and each return of the connection, once; and of each new reason why the server refuses us. */
  readonly onConnection?: (state: { connected: boolean; reason: string }) => void;
}

const RECONNECT_DELAY_MS_MAX = 2000;
/** A replica that stays one is not connected to all the time. */
const READONLY_RECONNECT_MS = 1000;
/** The reason when nothing else is known. */
export const CLOSED = 'connection closed';

/** What ioredis says went wrong: `command` if a command was answered so. */
type ServerError = NodeJS.ErrnoException & { readonly command?: { readonly name: string } };

/**
 * A connection that reports every failure to its caller and repeats nothing by itself: repeating is for whoever knows
 * that it is safe. It connects, and connects again with growing delays, in the background.
 */
export function connectRedis(options: RedisConnectionOptions): Redis {
  let reconnectedMs = Number.NEGATIVE_INFINITY;
  const isTime = () => {
    const nowMs = performance.now();
    if (nowMs - reconnectedMs < READONLY_RECONNECT_MS) return false;
    reconnectedMs = nowMs;
    return true;
  };
  const redis = new Redis(options.url, {
    lazyConnect: true,
    ...(options.connectionName !== undefined && { connectionName: options.connectionName }),
    // Nobody needs it, and since Redis 7.2 it would take a right of its own.
    disableClientInfo: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // Fails what is unanswered as soon as the connection is lost.
    maxRetriesPerRequest: 0,
    // An answer that does not come ends the connection, so that nothing piles up behind it.
    socketTimeout: options.replyTimeoutMs,
    connectTimeout: options.replyTimeoutMs,
    keepAlive: 10_000,
    retryStrategy: (attempt) =>
      Math.min(50 * 2 ** Math.min(attempt, 10), RECONNECT_DELAY_MS_MAX) * (0.5 + Math.random() / 2),
    // A replica that was promoted away from under us: connect anew and let the caller repeat.
    // In a script, Redis 6.2 says so in the middle of the message.
    reconnectOnError: (error) => error.message.includes('READONLY') && isTime(),
  });
  hearEveryError(redis);
  let connected: boolean | undefined;
  let reason = 'not connected yet';
  const tell = (now: boolean, why: string) => {
    reason = why;
    if (connected === now) return;
    connected = now;
    options.onConnection?.({ connected, reason });
  };
  redis.on('ready', () => tell(true, 'connected'));
  redis.on('error', (error: ServerError) => {
    // The first thing that goes wrong once we have hung up ourselves.
    if (error.message.includes('enableOfflineQueue')) return;
    if (error.name === 'ReplyError' && error.message !== reason) connected = undefined;
    tell(false, error.message || String(error.code));
    // It would go on, with database 0. What is given to it before the answer to SELECT, it refuses.
    if (error.command?.name === 'select') redis.disconnect(true);
  });
  redis.on('close', () => tell(false, connected === true ? CLOSED : reason));
  redis.connect().catch(() => {
    // The error event has told it, and the retry strategy goes on.
  });
  return redis;
}
