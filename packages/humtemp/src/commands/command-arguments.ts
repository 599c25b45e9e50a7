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
    const reason = reasonOf(code, message);
    throw new StartError(`${reason}; humtemp ${command} --help lists the options`, { cause: error });
  }
}

/** What is wrong, in words of ours: those of the parser are about its own options. */
function reasonOf(code: string, message: string): string {
  const name = message.match(/'(?:-\w, )?(--?[\w-]+)/)?.[1] ?? 'these arguments';
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `${name}: no such option`;
  if (/does not take an argument/.test(message)) return `${name}: expected no value`;
  if (/ambiguous/.test(message))
    return `${name}: expected a value; one that begins with - is written ${name}=VALUE`;
  return `${name}: expected a value`;
}
