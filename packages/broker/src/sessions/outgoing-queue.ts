import type { Budget } from '../budgets/budget.js';
import { type Grant, PLAIN_GRANTS } from '../subscribers/grant.js';
import type { Delivery, OutgoingPublish } from '../subscribers/outgoing-publish.js';
import { PacketIds } from './packet-ids.js';

export interface QueueLimits {
  readonly queuedMessagesMax: number;
  readonly queuedBytesMax: number;
}

/** What a publish counts at the limit of its session, besides its topic and payload. */
const OVERHEAD_BYTES = 256;
/** What it takes in memory, besides its topic and payload. */
const COST_BYTES = 640;

/** Something that a client has not acknowledged. */
export interface QueueEntry {
  /** Undefined: the publish was received at QoS 2, and its PUBREL is on the way. */
  readonly publish: OutgoingPublish | undefined;
  readonly qos: 1 | 2;
  readonly grant: Grant;
  /** Whether it is sent as one that was retained before. */
  readonly isRetained: boolean;
  /** 0: not sent yet. */
  readonly packetId: number;
}

type Entry = { -readonly [Key in keyof QueueEntry]: QueueEntry[Key] } & { bytes: number; cost: number };

/**
 * What one session has not acknowledged: publishes that wait, or are on their way, and PUBRELs. In the order in which
 * they came.
 */
export class OutgoingQueue {
  readonly #entries = new Set<Entry>();
  readonly #byId = new Map<number, Entry>();
  readonly #ids = new PacketIds();
  readonly #isTaken = (id: number) => this.#byId.has(id);
  #bytes = 0;

  constructor(
    readonly limits: QueueLimits,
    readonly budget: Budget,
    readonly owner: string,
  ) {}

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** All of them, and those that come while they are gone through. */
  entries(): IterableIterator<QueueEntry> {
    return this.#entries.values();
  }

  /** Adds a publish. @returns undefined if there is no room for it. */
  add(
    publish: OutgoingPublish,
    qos: 1 | 2,
    grant: Grant = PLAIN_GRANTS[qos],
    isRetained = false,
  ): QueueEntry | undefined {
    const { queuedMessagesMax, queuedBytesMax } = this.limits;
    const bytes = OVERHEAD_BYTES + publish.bytes;
    const cost = COST_BYTES + publish.bytes;
    if (this.#entries.size >= queuedMessagesMax || this.#bytes + bytes > queuedBytesMax) return undefined;
    if (!this.budget.take(this.owner, cost)) return undefined;
    publish.keep();
    const entry: Entry = { publish, qos, grant, isRetained, packetId: 0, bytes, cost };
    this.#bytes += bytes;
    this.#entries.add(entry);
    return entry;
  }

  /** How an entry is sent now: under a free packet id, or the one that it was sent under before [MQTT-4.4.0-1]. */
  send(entry: QueueEntry): Delivery {
    const isAgain = entry.packetId !== 0;
    if (!isAgain) {
      (entry as Entry).packetId = this.freeId();
      this.#byId.set(entry.packetId, entry as Entry);
    }
    const { qos, packetId, isRetained, grant } = entry;
    return { qos, packetId, isRetained, isAgain, identifiers: grant.identifiers };
  }

  /** A packet id for something that is sent without being kept. */
  freeId(): number {
    return this.#ids.next(this.#isTaken);
  }

  /** The client has received a publish at QoS 2: its PUBREL takes its place. @returns false if it is not there. */
  release(packetId: number): boolean {
    const entry = this.#byId.get(packetId);
    if (entry?.publish === undefined) return entry !== undefined;
    const { bytes } = entry.publish;
    entry.publish = undefined;
    entry.bytes -= bytes;
    entry.cost -= bytes;
    this.#bytes -= bytes;
    this.budget.give(this.owner, bytes);
    return true;
  }

  /** Takes out what was acknowledged. @returns false if it is not there. */
  removeById(packetId: number): boolean {
    const entry = this.#byId.get(packetId);
    if (entry === undefined) return false;
    this.remove(entry);
    return true;
  }

  remove(entry: QueueEntry): void {
    if (!this.#entries.delete(entry as Entry)) return;
    this.#byId.delete(entry.packetId);
    this.#bytes -= (entry as Entry).bytes;
    this.budget.give(this.owner, (entry as Entry).cost);
  }

  clear(): void {
    for (const entry of this.#entries) this.remove(entry);
  }
}
