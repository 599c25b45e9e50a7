/** The version that a CONNECT says, behind the name of the protocol [MQTT-3.1.2]; undefined: it does not come to it. */
export function versionOf(frame: Buffer): number | undefined {
  let at = 1;
  while (frame[at]! >= 0x80) at++;
  at += 1;
  if (at + 2 > frame.length) return undefined;
  return frame[at + 2 + frame.readUInt16BE(at)];
}
