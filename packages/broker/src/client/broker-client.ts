import type { Admission } from '../connection/admission.js';
import type { Connection } from '../connection/connection.js';
import type { SlowLane } from '../lanes/slow-lane.js';
import type { DelayedWills } from '../mqtt5/delayed-wills.js';
import { ReasonCode } from '../mqtt5/reason-code.js';
import type { Sessions } from '../sessions/sessions.js';
import type { Deliveries, Handed } from '../subscribers/deliveries.js';
import type { ClientRegistry, RegisteredClient } from './client-registry.js';
import { checkFilterCount } from './filter-count.js';
import { FrameReader } from './frame-reader.js';
import { IncomingPublishes } from './incoming-publishes.js';
import { PacketError } from './packet-error.js';

/** What all clients of our own share. */
export interface ClientHub {
  readonly admission: Admission;
  readonly sessions: Sessions;
  readonly slowLane: SlowLane;
  readonly deliveries: Deliveries;
  readonly registry: ClientRegistry;
  readonly wills: DelayedWills;
  readonly limits: {
    readonly topicLevelsMax: number;
    readonly frameBytesMax: number;
    readonly subscriptionsPerClientMax: number;
  };
}

const PINGREQ = 0xc0;
/** Filters in one packet, unless a client may subscribe to more. */
const FILTERS_MAX = 1000;

/**
 * A client behind its tap that the MQTT library does not know of: it reads frames, and answers all those of one piece in one
 * write. What a frame means is said by the version that it speaks; who may do what, what is kept and who gets it, by the same
 * parts for all.
 *
 *     connecting ──CONNECT, accepted──▶ open ──DISCONNECT of either side, or the connection ends──▶ over
 *          └───────────refused: CONNACK with the reason───────────────────────────────────────────▶ over
 */
export abstract class BrokerClient implements RegisteredClient {
  id = '';
  abstract readonly clean: boolean;
  protected state: 'connecting' | 'open' | 'over' = 'connecting';
  /** Once it has said something that is no ping. */
  #reader: FrameReader | undefined;
  /** Once it has published something that the tap leaves to it. */
  #incoming: IncomingPublishes | undefined;
  /** To what is being read. */
  #answers: Buffer[] | undefined;

  constructor(
    readonly connection: Connection,
    readonly hub: ClientHub,
  ) {
    connection.tap.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** Whether its session is still the one that it came with. */
  abstract readonly hasSession: boolean;
  /** Answers the CONNECT. */
  protected abstract enter(connect: Buffer): Promise<void>;
  /** Takes a whole frame, which stays as it is. @throws PacketError */
  protected abstract handle(frame: Buffer): void;
  /** An acknowledgement. @param header its type and flags. @param code what MQTT 5 says of it, and in words. */
  abstract ackFrame(header: number, packetId: number, code: number, text?: string): Buffer;
  /** Says why, and ends the connection. @returns false if there is no way to say it: then it is to be broken. */
  abstract end(code: number, reason: string): boolean;
  /** Ends the connection: another client has come with its id. */
  abstract close(done?: () => void): void;
  abstract shutDown(): void;
  /** The connection is over. */
  abstract leave(): void;

  /** Takes its CONNECT. */
  begin(connect: Buffer): void {
    this.enter(connect).catch((error) => this.#fail(error));
  }

  get incoming(): IncomingPublishes {
    this.#incoming ??= new IncomingPublishes(this);
    return this.#incoming;
  }

  /** Publishes at QoS 1 and 2 that were left to it, and are not acknowledged. */
  get unacknowledged(): number {
    return this.#incoming?.unacknowledged ?? 0;
  }

  /** A SUBSCRIBE or an UNSUBSCRIBE has come. @throws PacketError */
  protected checkFilterCount(frame: Buffer): void {
    const filtersMax = Math.max(FILTERS_MAX, this.hub.limits.subscriptionsPerClientMax);
    checkFilterCount(frame, this.connection.version, filtersMax);
  }

  /** Writes whole frames. */
  write(frames: Buffer): void {
    if (this.state === 'over') return;
    if (this.#answers === undefined) this.connection.tap.write(frames);
    else this.#answers.push(frames);
  }

  /** Hands a publish of its own to subscribers. */
  publish(
    publish: Pick<Handed, 'topic' | 'payload' | 'qos' | 'retain' | 'properties'>,
    done?: () => void,
  ): void {
    const { connection, id } = this;
    const { topic, payload, qos, retain, properties } = publish;
    const { owner } = connection;
    this.hub.deliveries.publish(
      { topic, payload, qos, retain, properties, owner, publisher: connection, from: id },
      done,
    );
  }

  /** There may be room for more of what it sends. */
  readOn(): void {
    const { tap } = this.connection;
    if (tap.isPaused() && this.#incoming?.isFull !== true) tap.resume();
  }

  /** Nothing more is read, nor written. */
  protected stop(): void {
    this.#flush();
    this.state = 'over';
    this.#reader = undefined;
  }

  #take(chunk: Buffer): void {
    try {
      if (this.state === 'open') this.#read(chunk);
      if (this.#incoming?.isFull) this.connection.tap.pause();
    } catch (error) {
      if (error instanceof PacketError) this.#break(error);
      else this.#fail(error);
    }
  }

  #read(chunk: Buffer): void {
    if (isPing(chunk) && this.#reader?.isWithinFrame !== true) {
      this.connection.tap.answerPing();
      return;
    }
    this.#reader ??= new FrameReader();
    this.#answers = [];
    try {
      for (const frame of this.#reader.take(chunk)) {
        this.handle(frame);
        if (this.#answers === undefined) break;
      }
    } finally {
      this.#flush();
    }
  }

  #flush(): void {
    const answers = this.#answers;
    this.#answers = undefined;
    if (answers !== undefined && answers.length > 0)
      this.connection.tap.write(answers.length === 1 ? answers[0]! : Buffer.concat(answers));
  }

  /** It has broken a rule. */
  #break({ code, message }: PacketError): void {
    this.connection.warn('connection ended', message);
    if (!this.end(code, message)) this.connection.tap.destroy();
  }

  /** A fault of ours, which the bytes of one client bring to light, is not to end all others. */
  #fail(error: unknown): void {
    const { connection } = this;
    connection.warn('connection ended by a fault of the broker', (error as Error).stack ?? String(error));
    if (!this.end(ReasonCode.unspecified, 'a fault of the broker')) connection.tap.destroy();
  }
}

function isPing(chunk: Buffer): boolean {
  return chunk.length === 2 && chunk[0] === PINGREQ && chunk[1] === 0;
}
