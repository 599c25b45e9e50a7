/** What became of publishes outside of the ledger of observations, since the start. */
export interface BrokerCounters {
  /** Publishes on other topics than those of observations, refused by the access rules. */
  notAuthorized: number;
  /** Deliveries to subscribers that did not read. */
  deliveriesDropped: number;
  /** Publishes that a session had no room for. */
  queuedDropped: number;
  /** Retained publishes that there was no room for. */
  retainedDropped: number;
  /** Sessions given up, for there were too many. */
  sessionsForgotten: number;
  /** Connections that were refused before they were MQTT, or for their number. */
  connectionsRefused: number;
}

export function newCounters(): BrokerCounters {
  return {
    notAuthorized: 0,
    deliveriesDropped: 0,
    queuedDropped: 0,
    retainedDropped: 0,
    sessionsForgotten: 0,
    connectionsRefused: 0,
  };
}
