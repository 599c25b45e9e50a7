import type { Logger } from 'pino';

/**
 * Logs that accounts or tokens were read again. A file with none left counts as it is: what was taken out of it must not open
 * anything any more. But it may be half of an edit, so that is a warning.
 */
export function logReload(log: Logger, file: string, what: 'accounts' | 'tokens', count: number): void {
  if (count > 0) log.info({ file, [what]: count }, `the ${what} have changed`);
  else
    log.warn(
      { file, [what]: 0 },
      `the file has no ${what} any more: nobody gets in, until it has some again`,
    );
}
