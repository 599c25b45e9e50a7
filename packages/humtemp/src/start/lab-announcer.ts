import { type Aggregate, type BucketStore, nameOfLabId } from '@humtemp/bucket-core';

export interface LabAnnouncerOptions {
  readonly store: Pick<BucketStore, 'latest'>;
  readonly publish: (topic: string, payload: Uint8Array) => void;
  /** Of the topics that Home Assistant listens to, as a rule `homeassistant`. */
  readonly prefix: string;
  readonly nowMs?: () => number;
}

/** How often what has changed is published. */
const EVERY_MS = 10_000;
/** A lab is announced again with its next change, for a Home Assistant that was not there before. */
const ANNOUNCED_AGAIN_MS = 300_000;
/** Labs that wait for the next round, and that are remembered as announced. */
const LABS_MAX = 10_000;
const LABS_AT_ONCE = 250;

const METRICS = {
  temp: { device_class: 'temperature', unit_of_measurement: '°C', name: 'Temperature' },
  humidity: { device_class: 'humidity', unit_of_measurement: '%', name: 'Humidity' },
} as const;

/**
 * Announces labs to Home Assistant and publishes their newest values, on `humtemp/LAB/state`. Nothing is retained: what
 * changes is published again. A failure of the store is left to the next round.
 */
export class LabAnnouncer {
  readonly #changed = new Set<string>();
  readonly #announcedMs = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(readonly options: LabAnnouncerOptions) {
    this.#timer = setInterval(() => void this.round(), EVERY_MS).unref();
  }

  /** Observations of these labs were committed. */
  mark(labs: Iterable<string>): void {
    for (const lab of labs) if (this.#changed.size < LABS_MAX) this.#changed.add(lab);
  }

  /** Publishes what has changed. */
  async round(): Promise<void> {
    const { store, nowMs = Date.now } = this.options;
    const labs = [...this.#changed];
    this.#changed.clear();
    for (let i = 0; i < labs.length; i += LABS_AT_ONCE) {
      const some = labs.slice(i, i + LABS_AT_ONCE);
      try {
        const newest = await store.latest(some, nowMs());
        for (const [k, lab] of some.entries()) {
          const bucket = newest[k];
          if (bucket !== undefined) this.#publish(lab, bucket.aggregate, nowMs());
        }
      } catch {
        this.mark(some);
      }
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #publish(lab: string, { temp, humidity }: Aggregate, nowMs: number): void {
    const { publish, prefix } = this.options;
    const json = (value: object) => Buffer.from(JSON.stringify(value));
    const has = (['temp', 'humidity'] as const).filter((metric) => ({ temp, humidity })[metric].count > 0);
    const key = `${lab} ${has.join()}`;
    if (nowMs - (this.#announcedMs.get(key) ?? Number.NEGATIVE_INFINITY) >= ANNOUNCED_AGAIN_MS) {
      if (this.#announcedMs.size >= LABS_MAX) this.#announcedMs.clear();
      this.#announcedMs.set(key, nowMs);
      for (const metric of has)
        publish(
          `${prefix}/sensor/humtemp/${objectId(lab)}_${metric}/config`,
          json(announcement(lab, metric)),
        );
    }
    const values = { temp: temp.last / 1000, humidity: humidity.last / 1000 };
    publish(stateTopic(lab), json(Object.fromEntries(has.map((metric) => [metric, values[metric]]))));
  }
}

function stateTopic(lab: string): string {
  return `humtemp/${lab}/state`;
}

/** Of Home Assistant's characters alone; no two labs share one. */
function objectId(lab: string): string {
  return lab.replace(/[^A-Za-z0-9-]/g, (character) => `_${character.charCodeAt(0).toString(16)}`);
}

function announcement(lab: string, metric: keyof typeof METRICS) {
  return {
    ...METRICS[metric],
    state_class: 'measurement',
    state_topic: stateTopic(lab),
    value_template: `{{ value_json.${metric} }}`,
    unique_id: `humtemp_${lab}_${metric}`,
    device: { identifiers: [`humtemp_${lab}`], name: nameOfLabId(lab), manufacturer: 'humtemp' },
    // By this, a humtemp that listens there knows that it need not count it again.
    origin: { name: 'humtemp' },
  };
}
