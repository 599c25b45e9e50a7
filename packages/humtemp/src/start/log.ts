import { type DestinationStream, type Logger, pino } from 'pino';

/** The log, on standard error: JSON lines, or readable ones where a person looks on. */
export async function openLog(level: string): Promise<Logger> {
  const stream: DestinationStream = process.stderr.isTTY
    ? (await import('pino-pretty')).default({
        destination: 2,
        sync: true,
        ignore: 'pid,hostname',
        translateTime: 'HH:MM:ss',
      })
    : pino.destination({ fd: 2, sync: true });
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}
