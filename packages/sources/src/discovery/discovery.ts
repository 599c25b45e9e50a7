import type { SourceDescription } from '../language/table-schema.js';
import type { ObservationSink, Publish } from '../publish.js';
import { type Announced, readAnnouncement } from './announcement.js';

/** State topics that are read at most; what is announced beyond is not. */
export const ANNOUNCED_MAX = 2000;
/** Messages that are remembered at most, also those that announce nothing of ours. */
const MESSAGES_MAX = 4 * ANNOUNCED_MAX;
const PAYLOAD_BYTES_MAX = 65_536;

export interface DiscoveryEvents {
  /** What `description` says has changed. */
  readonly onChanged: () => void;
  /** Something that looks like a temperature or humidity is not read. */
  readonly onUnused: (topic: string, reason: string) => void;
}

/**
 * Listens to what devices announce to Home Assistant, and makes a source of it. A message without payload takes its
 * announcement back [MQTT-3.3.1-10]. Of one state topic there is one temperature and one humidity, the first announced.
 */
export class Discovery {
  readonly name = 'homeassistant-discovery';
  readonly filters: readonly string[];
  readonly #messages = new Map<string, readonly Announced[]>();
  readonly #topic: RegExp;
  #isFull = false;

  /** @param prefix of the topics, as a rule `homeassistant` */
  constructor(
    prefix: string,
    readonly events: DiscoveryEvents,
  ) {
    this.filters = ['sensor/+/config', 'sensor/+/+/config', 'device/+/config', 'device/+/+/config'].map(
      (filter) => `${prefix}/${filter}`,
    );
    const literal = prefix.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    this.#topic = new RegExp(`^${literal}/(?:sensor|device)/(?:[^/]+/)?([^/]+)/config$`);
  }

  /** The name of the announced thing; undefined: another topic. */
  match(topic: string): string | undefined {
    return this.#topic.exec(topic)?.[1];
  }

  decode(match: unknown, { topic, payload }: Publish, into: ObservationSink): void {
    into.ignore();
    const { bytes, start, end } = payload;
    const name = topic.toString();
    if (start === end) {
      if ((this.#messages.get(name)?.length ?? 0) > 0) this.events.onChanged();
      this.#messages.delete(name);
      return;
    }
    if (
      end - start > PAYLOAD_BYTES_MAX ||
      (this.#messages.size >= MESSAGES_MAX && !this.#messages.has(name))
    ) {
      this.#full(name);
      return;
    }
    const { announced, unused } = readAnnouncement(bytes.toString('utf8', start, end), match as string);
    for (const reason of unused) this.events.onUnused(name, reason);
    const before = this.#messages.get(name);
    this.#messages.set(name, announced);
    if (JSON.stringify(before ?? []) !== JSON.stringify(announced)) this.events.onChanged();
  }

  /** A source of all that is announced; undefined: nothing is. */
  description(): SourceDescription | undefined {
    const byTopic = new Map<string, TopicTable>();
    for (const [message, announced] of this.#messages)
      for (const one of announced) {
        const table = byTopic.get(one.stateTopic);
        if (table !== undefined) this.#add(table, one, message);
        else if (byTopic.size < ANNOUNCED_MAX)
          byTopic.set(one.stateTopic, { device: one.device, [one.metric]: one });
        else this.#full(message);
      }
    if (byTopic.size === 0) return undefined;
    return { live: true, text_numbers: true, tables: [...byTopic].map(tableOf) };
  }

  #add(table: TopicTable, one: Announced, message: string): void {
    const other = table[one.metric] ?? table.temp ?? table.humidity;
    const isSecond = table[one.metric] !== undefined || other?.place === 'bare' || one.place === 'bare';
    if (isSecond || one.device !== table.device)
      this.events.onUnused(
        message,
        `${one.stateTopic} has one of ${table.device} already: write a source for it`,
      );
    else table[one.metric] = one;
  }

  #full(message: string): void {
    if (this.#isFull) return;
    this.#isFull = true;
    this.events.onUnused(message, `more is announced than the ${ANNOUNCED_MAX} topics that are read`);
  }
}

interface TopicTable {
  readonly device: string;
  temp?: Announced;
  humidity?: Announced;
}

function tableOf([topic, { device, temp, humidity }]: readonly [string, TopicTable]) {
  const lab = { text: device };
  const only = temp ?? humidity!;
  if (only.place === 'bare')
    return { topic, lab, payload: 'number' as const, metric: only.metric, unit: only.unit };
  return {
    topic,
    lab,
    ...(temp && { temp: { path: temp.place, unit: temp.unit } }),
    ...(humidity && { humidity: humidity.place }),
  };
}
