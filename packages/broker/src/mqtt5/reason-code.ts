import type { RefusalKind } from '@humtemp/intake';

/** Reason codes of MQTT 5 (2.4) that end a connection, or say how a packet fared; acknowledgements have `AckCode`. */
export const ReasonCode = {
  success: 0x00,
  disconnectWithWill: 0x04,
  noSubscriptionExisted: 0x11,
  unspecified: 0x80,
  malformed: 0x81,
  protocolError: 0x82,
  implementationSpecific: 0x83,
  clientIdInvalid: 0x85,
  badCredentials: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  shuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  takenOver: 0x8e,
  filterInvalid: 0x8f,
  topicInvalid: 0x90,
  packetIdNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
} as const;

/** What the tap could not read on for. */
export const CODE_OF_REFUSAL: Readonly<Record<RefusalKind, number>> = {
  malformed: ReasonCode.malformed,
  protocol: ReasonCode.protocolError,
  too_large: ReasonCode.packetTooLarge,
  no_room: ReasonCode.quotaExceeded,
};
