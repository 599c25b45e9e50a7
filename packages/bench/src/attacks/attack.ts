/** Where the process under attack listens. */
export interface Target {
  readonly apiPort: number;
  readonly mqttPort: number;
  readonly mqttTlsPort: number;
  /** Labs that are known to it: `lab-0` and on. */
  readonly labs: number;
}

/** One way to keep a process from its work. On loopback, bounded in connections, bytes and time. */
export interface Attack {
  readonly name: string;
  /** What it does, for the table. */
  readonly what: string;
  /** Begins. What it opens ends with the process that runs it. */
  begin(target: Target): Promise<void>;
}
