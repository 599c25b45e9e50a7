import { setTimeout as pause } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import type { Random } from './random.js';

export interface SoakLoadOptions {
  readonly port: number;
  readonly labs: number;
  readonly ratePerS: number;
  readonly random: Random;
  /** How late a late observation is at most. */
  readonly lateS: number;
}

const TURN_MS = 50;
const LATE_SHARE = 0.02;
const REPEATED_SHARE = 0.01;
const CONNECTED_AT_A_TIME = 50;
/** Publishes that wait for an acknowledgement, in all; beyond, the load waits. */
const IN_FLIGHT_MAX = 20_000;

/** MQTT clients, one for each lab, which publish in turn at QoS 1. Some observations are late, some repeated. */
export class SoakLoad {
  /** Different observations. */
  sent = 0;
  /** Publishes of an observation that was sent before. */
  repeated = 0;
  acknowledged = 0;
  readonly #clients: MqttClient[] = [];
  readonly #newestMs: number[] = [];
  readonly #last: string[] = [];
  #isClosed = false;

  constructor(readonly options: SoakLoadOptions) {}

  get publishes(): number {
    return this.sent + this.repeated;
  }

  async connect(): Promise<void> {
    const { labs, port } = this.options;
    while (this.#clients.length < labs) {
      const count = Math.min(CONNECTED_AT_A_TIME, labs - this.#clients.length);
      const first = this.#clients.length;
      const opened = Array.from({ length: count }, (_, i) =>
        connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: `soak-${first + i}`, clean: false }),
      );
      this.#clients.push(...(await Promise.all(opened)));
    }
  }

  /** Publishes until then; resolves once everything is acknowledged. */
  async run(endMs: number): Promise<void> {
    const { ratePerS, labs } = this.options;
    const startMs = Date.now();
    for (let next = 0; Date.now() < endMs && !this.#isClosed; await pause(TURN_MS)) {
      const due = Math.floor(((Date.now() - startMs) / 1000) * ratePerS);
      for (; next < due && this.publishes - this.acknowledged < IN_FLIGHT_MAX; next++)
        this.#publish(next % labs);
    }
    while (this.acknowledged < this.publishes && !this.#isClosed) await pause(TURN_MS);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#clients.splice(0).map((client) => client.endAsync(true)));
  }

  #publish(lab: number): void {
    const again = this.#last[lab];
    const isRepeated = again !== undefined && this.options.random() < REPEATED_SHARE;
    const payload = isRepeated ? again : this.#observation(lab);
    this.#last[lab] = payload;
    if (isRepeated) this.repeated += 1;
    else this.sent += 1;
    this.#clients[lab]!.publish(`labs/lab-${lab}/observation`, payload, { qos: 1 }, (error) => {
      if (error === null || error === undefined) this.acknowledged += 1;
    });
  }

  /** Those in time have odd milliseconds, late ones even ones; a number in the humidity keeps them apart. */
  #observation(lab: number): string {
    const { random, lateS } = this.options;
    let timestampMs: number;
    if (random() < LATE_SHARE) timestampMs = 2 * Math.floor((Date.now() - random() * lateS * 1000) / 2);
    else {
      timestampMs = Math.max(2 * Math.floor(Date.now() / 2) + 1, (this.#newestMs[lab] ?? 0) + 2);
      this.#newestMs[lab] = timestampMs;
    }
    const temp = (15_000 + Math.floor(random() * 10_000)) / 1000;
    return JSON.stringify({ timestamp: timestampMs / 1000, temp, humidity: (this.sent % 100_000) / 1000 });
  }
}
