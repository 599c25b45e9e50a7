/** Of a CONNACK that refuses: all but 3, server unavailable [MQTT-3.2.2.3], which passes. */
const FINAL_CONNACK_CODES: readonly unknown[] = [1, 2, 4, 5];

/**
 * Whether the broker has refused us, who will be no other next time. mqtt.js puts the CONNACK's code on the
 * error.
 */
export function isConnackRefusal(error: Error): boolean {
  return FINAL_CONNACK_CODES.includes((error as { code?: unknown }).code);
}

/**
 * Whether a first attempt failed for a reason that waiting does not remove: a wrong name or a certificate.
 */
export function isHopeless(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return (
    typeof code === 'string' && /^ENOTFOUND$|CERT|SELF_SIGNED|UNABLE_TO_VERIFY|^ERR_(SSL|TLS)/.test(code)
  );
}
