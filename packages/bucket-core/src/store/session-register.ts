/** An MQTT session that a worker serves or has served. */
export interface SessionRecord {
  readonly name: string;
  /** What its worker wrote about it, for whoever takes it over. */
  readonly value: string;
  /** Nobody has touched it within its time. */
  readonly abandoned: boolean;
}

/** Who serves which MQTT session, so that workers can take over what another left behind. */
export interface SessionRegister {
  /** Records who serves a session; unless it is touched again within `aliveS` seconds, it counts as abandoned. */
  touchSession(name: string, owner: string, aliveS: number, value?: string): Promise<void>;
  /** Who serves a session by the last record; undefined if there is none, or its time has run out. */
  sessionOwner(name: string): Promise<string | undefined>;
  /** Every session that was touched once and is not forgotten. */
  sessions(): Promise<readonly SessionRecord[]>;
  forgetSession(name: string): Promise<void>;
}
