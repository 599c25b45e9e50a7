/** Why a CONNECT is refused, and what its CONNACK says [MQTT-3.2.2.3]. */
export type Refusal = Error & {
  readonly returnCode: 2 | 3 | 5;
  /** The reason code in MQTT 5 (3.2.2.2), where the return code is not enough to tell. */
  readonly code?: number | undefined;
};

/** A client that was accepted, whichever version it speaks. */
export interface EngineClient {
  /** Of the account and the client id that it gave. */
  readonly id: string;
  /** Whether its session ends with the connection, and nothing is kept of it. */
  readonly clean: boolean;
  /** Ends the connection: another client has come with its id. */
  close(done?: () => void): void;
}
