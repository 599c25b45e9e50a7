import {
  FileProblem,
  isMissing,
  readTextFile,
  replaceFileContent,
  UnchangedFile,
} from '@humtemp/watched-files';
import { StartError } from '../start-error.js';

const FILE_BYTES_MAX = 16 * 1024 * 1024;

/**
 * A file that a command edits: its content, undefined if there is no such file, and what it says.
 * @throws StartError if it cannot be read or understood.
 */
export async function readFileOrNone<T>(
  file: string,
  parse: (content: string) => T,
): Promise<{ readonly content: string | undefined; readonly parsed: T }> {
  try {
    const content = await readTextFile(file, FILE_BYTES_MAX).catch((error: Error) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    return { content, parsed: parse(content ?? '') };
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    throw new StartError(error.message, { cause: error });
  }
}

/**
 * Replaces a file by what `changed` makes of it, in one step.
 * @throws StartError if that is not possible, and whatever `changed` throws; the file is then as it was.
 */
export async function changeFile(file: string, changed: () => Promise<string>): Promise<void> {
  try {
    await replaceFileContent(file, changed);
  } catch (error) {
    if (!(error instanceof UnchangedFile)) throw error;
    throw new StartError(error.message, { cause: error });
  }
}
