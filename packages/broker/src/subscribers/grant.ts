/** How a subscription is served: of MQTT 3.1.1 the QoS says all, MQTT 5 has options (3.8.3.1) and identifiers. */
export interface Grant {
  readonly qos: 0 | 1 | 2;
  /** Not what a client with the same client id publishes. */
  readonly noLocal: boolean;
  /** Publishes keep their retain flag. */
  readonly asPublished: boolean;
  /** Goes with each publish; several where filters overlap. */
  readonly identifiers: readonly number[] | undefined;
}

/** The grants of MQTT 3.1.1, by QoS. */
export const PLAIN_GRANTS: readonly [Grant, Grant, Grant] = [plain(0), plain(1), plain(2)];

function plain(qos: 0 | 1 | 2): Grant {
  return { qos, noLocal: false, asPublished: false, identifiers: undefined };
}

/** What one publish is served by that matches two subscriptions of one client: once, at the higher QoS [MQTT-3.3.4-2]. */
export function merged(a: Grant, b: Grant): Grant {
  const asPublished = a.asPublished || b.asPublished;
  if (!asPublished && a.identifiers === undefined && b.identifiers === undefined)
    return a.qos > b.qos ? a : b;
  const identifiers = [...(a.identifiers ?? []), ...(b.identifiers ?? [])];
  return {
    qos: Math.max(a.qos, b.qos) as 0 | 1 | 2,
    noLocal: false,
    asPublished,
    identifiers: identifiers.length > 0 ? identifiers : undefined,
  };
}
