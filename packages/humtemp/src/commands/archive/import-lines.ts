import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { StoredBucket } from '@humtemp/bucket-core';
import { StartError } from '../../start-error.js';
import { type ExportEnd, type ExportHeader, headerOf, lineOf } from './export-format.js';

/** No line of ours is longer: a histogram has a few thousand bins. */
const LINE_BYTES_MAX = 2 ** 20;

/**
 * The buckets of an export, in its order; one line is in memory at a time. What is wrong may be found behind buckets that were
 * given already: whoever must not act on a bad file reads it once to its end before.
 * @param onHeader called before the first bucket
 * @throws StartError that names the line and what was expected
 */
export async function* importLines(
  file: string,
  onHeader: (header: ExportHeader) => void,
): AsyncGenerator<StoredBucket> {
  const hash = createHash('sha256');
  let header: ExportHeader | undefined;
  let end: ExportEnd | undefined;
  let number = 0;
  let buckets = 0;
  let labs = 0;
  let lab: string | undefined;
  for await (const bytes of lines(file)) {
    number += 1;
    try {
      if (end !== undefined) throw new RangeError('expected nothing behind the last line of an export');
      const text = bytes.toString('utf8');
      if (header === undefined) {
        header = headerOf(text);
        onHeader(header);
      } else {
        const one = lineOf(text, header);
        if ('lab' in one) {
          buckets += 1;
          if (one.lab !== lab) labs += 1;
          lab = one.lab;
          yield one;
        } else {
          end = one;
          continue;
        }
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new StartError(`${file} line ${number}: ${error.message}`, { cause: error });
    }
    hash.update(bytes).update('\n');
  }
  if (header === undefined)
    throw new StartError(`${file} is empty; expected a file that humtemp export wrote`);
  if (end === undefined)
    throw new StartError(`${file} was cut: its last line is missing after line ${number}; export it again`);
  if (end.buckets !== buckets || end.labs !== labs || end.sha256 !== hash.digest('hex'))
    throw new StartError(
      `${file} is not what was exported: its checksum or its counts are others; export it again`,
    );
}

/** Lines without their ends. @throws StartError for a file that cannot be read, or with a line that is none of ours */
async function* lines(file: string): AsyncGenerator<Buffer> {
  const source = createReadStream(file, { highWaterMark: 2 ** 16 });
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      let from = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        yield rest.length === 0 ? chunk.subarray(from, at) : Buffer.concat([rest, chunk.subarray(from, at)]);
        rest = Buffer.alloc(0);
        from = at + 1;
      }
      rest = Buffer.concat([rest, chunk.subarray(from)]);
      if (rest.length > LINE_BYTES_MAX)
        throw new StartError(`${file} has a line of more than 1 MiB: humtemp export did not write it`);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new StartError(`cannot read ${file}: ${code === 'ENOENT' ? 'there is no such file' : message}`, {
      cause: error,
    });
  }
  // A last line without its end was cut.
  if (rest.length > 0) throw new StartError(`${file} was cut within its last line; export it again`);
}
