/** A password_file or acl_file that cannot be read or understood. The message names file, line and what was expected. */
export class AccessFileError extends Error {
  override readonly name = 'AccessFileError';

  /** @param line counted from 1; undefined: the file as a whole. */
  constructor(
    readonly file: string,
    readonly line: number | undefined,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${file}${line === undefined ? '' : `, line ${line}`}: ${problem}`, options);
  }
}
