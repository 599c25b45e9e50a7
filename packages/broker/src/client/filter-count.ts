import { ReasonCode } from '../mqtt5/reason-code.js';
import { BytesReader } from './bytes-reader.js';
import { PacketError } from './packet-error.js';

const SUBSCRIBE = 8;

/**
 * Looks how many filters a SUBSCRIBE or an UNSUBSCRIBE has, before any of them is read: each costs a microsecond, and in the longest
 * packet there is room for 40,000. @throws PacketError
 */
export function checkFilterCount(frame: Buffer, version: 4 | 5, filtersMax: number): void {
  const reader = new BytesReader(frame, 1);
  reader.varint();
  reader.uint16();
  if (version === 5) reader.skip(reader.varint());
  const optionBytes = frame[0]! >> 4 === SUBSCRIBE ? 1 : 0;
  for (let count = 0; !reader.isAtEnd; count++) {
    if (count === filtersMax)
      throw new PacketError(ReasonCode.quotaExceeded, `more than ${filtersMax} filters in one packet`);
    reader.skip(reader.uint16() + optionBytes);
  }
}
