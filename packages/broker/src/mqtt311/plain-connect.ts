import type { ConnectPacket } from 'aedes';

/** Of MQTT 3.1.1: its header, and what stands in front of the flags [MQTT-3.1.2]. */
const HEADER = 0x10;
const BEGINNING = Buffer.from('\0\u0004MQTT\u0004', 'latin1');
/** A clean session; or that, with a user, or with a user and a password. There is no will. */
const FLAGS: ReadonlySet<number> = new Set([0x02, 0x82, 0xc2]);
const USER = 0x80;
const PASSWORD = 0x40;

/**
 * The CONNECT of a client of MQTT 3.1.1 that asks for no session and leaves no will: what sensors say. Undefined: it is another
 * one, or not well-formed.
 */
export function readPlainConnect(frame: Buffer): ConnectPacket | undefined {
  // One byte of length: a longer one leaves more than what is plain.
  const flagsAt = 2 + BEGINNING.length;
  if (frame[0] !== HEADER || frame[1] !== frame.length - 2 || frame.length < flagsAt + 5) return undefined;
  if (!frame.subarray(2, flagsAt).equals(BEGINNING)) return undefined;
  const flags = frame[flagsAt]!;
  if (!FLAGS.has(flags)) return undefined;
  const count = 1 + (flags & USER ? 1 : 0) + (flags & PASSWORD ? 1 : 0);
  const fields = fieldsOf(frame, flagsAt + 3);
  if (fields?.length !== count) return undefined;
  const [clientId, username, password] = fields;
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    keepalive: frame.readUInt16BE(flagsAt + 1),
    clientId: clientId!.toString(),
    ...(username && { username: username.toString() }),
    ...(password && { password: Buffer.from(password) }),
  } as ConnectPacket;
}

/** Fields with two bytes of length each, up to the end of a frame; undefined: they do not end there. */
function fieldsOf(frame: Buffer, from: number): Buffer[] | undefined {
  const fields: Buffer[] = [];
  let at = from;
  while (at + 2 <= frame.length) {
    const end = at + 2 + frame.readUInt16BE(at);
    fields.push(frame.subarray(at + 2, end));
    at = end;
  }
  return at === frame.length ? fields : undefined;
}
