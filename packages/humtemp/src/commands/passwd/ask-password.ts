import { on } from 'node:events';
import { createInterface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';
import { StartError } from '../../start-error.js';

/** What fits into a field of MQTT. */
const PASSWORD_BYTES_MAX = 65_535;

/** Where passwords come from, and where they are asked for. */
export interface PasswordSource {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stderr: Writable;
}

/**
 * Asks for a password on the terminal, without showing it; without a terminal it is the first line of
 * standard input.
 * @param twice asks a second time, for typing errors.
 * @throws StartError if there is none, or none that a client could send.
 */
export async function askPassword(source: PasswordSource, twice: boolean): Promise<Buffer> {
  const password = source.stdin.isTTY
    ? await askOnTerminal(source, twice ? ['Password: ', 'Again: '] : ['Password: '])
    : await firstLine(source.stdin);
  if (password.length === 0) throw new StartError('an empty password: expected at least one character');
  if (password.length > PASSWORD_BYTES_MAX)
    throw new StartError(`a password of more than ${PASSWORD_BYTES_MAX} bytes`);
  if (password.includes(0)) throw new StartError('a password with NUL, where Mosquitto takes it to end');
  return password;
}

async function askOnTerminal(
  { stdin, stderr }: PasswordSource,
  questions: readonly string[],
): Promise<Buffer> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 });
  // Ctrl-C and Ctrl-D close it.
  const lines = on(terminal, 'line', { close: ['close'] });
  try {
    const answers = new Set<string>();
    for (const question of questions) {
      stderr.write(question);
      const { value, done } = await lines.next();
      stderr.write('\n');
      if (done === true) throw new StartError('no password; nothing has changed');
      answers.add((value as [string])[0]);
    }
    const [answer, another] = answers;
    if (another !== undefined) throw new StartError('the two are not the same; nothing has changed');
    return Buffer.from(answer ?? '');
  } finally {
    terminal.close();
  }
}

async function firstLine(stdin: Readable): Promise<Buffer> {
  let read = Buffer.alloc(0);
  for await (const chunk of stdin) {
    read = Buffer.concat([read, chunk as Buffer]);
    if (read.includes('\n') || read.length > PASSWORD_BYTES_MAX + 2) break;
  }
  const end = read.indexOf('\n');
  const line = end === -1 ? read : read.subarray(0, end);
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}
