import { once } from 'node:events';
import { connect } from 'node:net';
import { PASSWORD } from './access-table.fixture.js';

/** Credentials for a broker that runs with PASSWORD_FILE, and whether it lets them in. */
export interface AuthenticationCase {
  readonly name: string;
  /** undefined: none is sent; that is not the same as an empty one. */
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
  readonly accepted: boolean;
}

/** @param allowAnonymous what the broker is configured to. */
export function authenticationTable(allowAnonymous: boolean): readonly AuthenticationCase[] {
  const right = Buffer.from(PASSWORD);
  const entry = (
    name: string,
    username: string | undefined,
    password: Buffer | undefined,
    accepted: boolean,
  ) => ({
    name,
    username,
    password,
    accepted,
  });
  return [
    entry('an account', 'anna', right, true),
    entry('an account, again', 'anna', right, true),
    entry('another password', 'anna', Buffer.from('Secret'), false),
    entry('a password and more', 'anna', Buffer.from('secret2'), false),
    entry('a password with a NUL behind it', 'anna', Buffer.from('secret\0'), true),
    entry('a password with a NUL and more behind it', 'anna', Buffer.from('secret\0more'), true),
    entry('a NUL and a password', 'anna', Buffer.from('\0secret'), false),
    entry('a password that is not text', 'anna', Buffer.from([0xff, 0xfe, 0x80]), false),
    entry('no password', 'anna', undefined, false),
    entry('an empty password', 'anna', Buffer.alloc(0), false),
    entry('an empty password that is the right one', 'empty', Buffer.alloc(0), false),
    entry('a user that there is not', 'zoe', right, false),
    entry('a user that there is not, without a password', 'zoe', undefined, false),
    entry('a user in other letters', 'Anna', right, false),
    entry('a user with spaces around', ' anna ', right, false),
    entry('a user with a space', 'two words', right, true),
    entry('a user with an umlaut', 'ümlaut', right, true),
    entry('a user with an umlaut, decomposed', 'u\u0308mlaut', right, false),
    entry('a hash of Mosquitto 1.6', 'old', right, true),
    entry('a hash of Mosquitto 1.6, another password', 'old', Buffer.from('other'), false),
    entry('a hash with more iterations', 'slow', right, true),
    entry('a hash with more iterations, another password', 'slow', Buffer.from('other'), false),
    entry('anonymous', undefined, undefined, allowAnonymous),
    entry('an empty username', '', undefined, allowAnonymous),
    entry('an empty username, and a password', '', Buffer.from('any'), allowAnonymous),
  ];
}

/** Whether a broker accepts a connection; MQTT 3.1.1, byte by byte, as libraries do not send every combination. */
export async function isLetIn(
  port: number,
  { username, password }: Pick<AuthenticationCase, 'username' | 'password'>,
): Promise<boolean> {
  const flags = 0x02 | (username === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40);
  const body = Buffer.concat([
    field(Buffer.from('MQTT')),
    Buffer.from([4, flags, 0, 60]), // level, flags, keep-alive
    field(Buffer.from('authentication-table')),
    ...(username === undefined ? [] : [field(Buffer.from(username))]),
    ...(password === undefined ? [] : [field(password)]),
  ]);
  const { length } = body;
  const remaining = length < 0x80 ? [length] : [0x80 | (length & 0x7f), length >> 7]; // [MQTT-2.2.3]
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write(Buffer.concat([Buffer.from([0x10, ...remaining]), body]));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (answer[0] !== 0x20) throw new Error(`expected a CONNACK, not ${answer.toString('hex')}`);
    return answer[3] === 0;
  } finally {
    socket.destroy();
  }
}

/** Two bytes of length, and the bytes [MQTT-1.5.3]. */
function field(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}
