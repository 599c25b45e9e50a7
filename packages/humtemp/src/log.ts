import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

/** The log, on standard error: JSON lines, or readable ones where a person looks on. */
export function openLog(level: string): Logger {
  const stream: DestinationStream = process.stderr.isTTY
    ? pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' })
    : pino.destination({ fd: 2, sync: true });
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}
