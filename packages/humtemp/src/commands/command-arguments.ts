import { type ParseArgsConfig, parseArgs } from 'node:util';
import { StartError } from '../start-error.js';

/**
 * The options and positionals of a command.
 * @throws StartError for an option that it does not have, or one without its value.
 */
export function commandArguments<T extends NonNullable<ParseArgsConfig['options']>>(
  command: string,
  argv: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ options: T; allowPositionals: true; strict: true }>> {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    if (code?.startsWith('ERR_PARSE_ARGS') !== true) throw error;
    // Only its first sentence: the others are about positionals.
    const sentence = message.split(/[.\n]\s/)[0]?.replace(/\.$/, '');
    throw new StartError(`${sentence}; humtemp ${command} --help lists the options`, { cause: error });
  }
}
