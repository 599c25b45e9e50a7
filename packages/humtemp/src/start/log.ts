import { Writable } from 'node:stream';
import { type DestinationStream, type Logger, pino } from 'pino';
import { descriptorWriter, LogSink } from './log-sink.js';
import type { WarningLog } from './warning-log.js';

const STANDARD_ERROR = 2;
const WARN = 40;

/** The log, on standard error: JSON lines, or readable ones where a person looks on. */
export async function openLog(level: string, warnings: WarningLog): Promise<Logger> {
  const sink = new LogSink({
    write: descriptorWriter(STANDARD_ERROR),
    lostLine: (lines) =>
      `${JSON.stringify({
        level: WARN,
        time: new Date().toISOString(),
        lines,
        msg: 'so many lines of the log were lost here, as they could not be written',
      })}\n`,
  });
  process.on('exit', () => sink.flush());
  survive(process.stdout);
  survive(process.stderr);
  const stream: DestinationStream = process.stderr.isTTY ? await readable(sink) : sink;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: {
        logMethod(args, method, ofLine) {
          const [first, message] = args as [unknown, string?];
          if (ofLine >= WARN) warnings.note(first, typeof first === 'string' ? first : (message ?? ''));
          method.apply(this, args);
        },
      },
    },
    stream,
  );
}

async function readable(sink: LogSink): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({
    destination: new Writable({
      decodeStrings: false,
      write: (line: Buffer | string, _encoding, done) => {
        sink.write(line.toString());
        done();
      },
    }),
    sync: true,
    ignore: 'pid,hostname',
    translateTime: 'HH:MM:ss',
    colorize: true,
  });
}

/** An output that nobody reads any more, or whose disk is full, ends nothing but itself. */
function survive(output: NodeJS.WriteStream): void {
  output.on('error', () => {});
}
