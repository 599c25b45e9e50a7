import { readFileSync } from 'node:fs';
import type { Variable } from './variable.js';

/**
 * The text of a variable. A secret may stand in a file instead, which `NAME_FILE` names: its first line.
 * @throws RangeError that names what was expected of `NAME_FILE`.
 */
export function textOf(variable: Variable<unknown>, env: NodeJS.ProcessEnv): string | undefined {
  const text = env[variable.name];
  const file = variable.isSecret ? env[`${variable.name}_FILE`] : undefined;
  if (file === undefined) return text ?? variable.default;
  if (text !== undefined) throw new RangeError(`no such file, as ${variable.name} is set too`);
  return firstLine(file);
}

function firstLine(file: string): string {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    throw new RangeError(`a file that can be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const line = content.split('\n', 1)[0]!.trim();
  if (line === '') throw new RangeError('a file whose first line is the secret');
  return line;
}
