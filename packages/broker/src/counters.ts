/** What became of publishes outside of the ledger of observations, since the start. */
export interface BrokerCounters {
  /** Publishes on other topics than those of observations, refused by the access rules. */
  notAuthorized: number;
  /** Publishes on topics that start with $, which are the broker's own. */
  reservedRefused: number;
  /** Deliveries to subscribers that did not read. */
  deliveriesDropped: number;
  /** Publishes that a session had no room for. */
  queuedDropped: number;
  /** Retained publishes that there was no room for. */
  retainedDropped: number;
  /** Connections that ended because another came with the same client id. */
  takenOver: number;
  /** Times that two clients were found to fight over a client id. */
  fights: number;
  /** Sessions given up, for there were too many. */
  sessionsForgotten: number;
  /** Connections that were refused before they were MQTT, or for their number. */
  connectionsRefused: number;
}

export function newCounters(): BrokerCounters {
  return {
    notAuthorized: 0,
    reservedRefused: 0,
    deliveriesDropped: 0,
    queuedDropped: 0,
    retainedDropped: 0,
    takenOver: 0,
    fights: 0,
    sessionsForgotten: 0,
    connectionsRefused: 0,
  };
}
