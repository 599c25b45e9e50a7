import type { LabFilter } from '../access/lab-filter.js';
import { serverSentEvent } from './server-sent-event.js';
import type { StreamClient } from './stream-client.js';

/** A lab that some channel is about. */
export interface WatchedLab {
  readonly lab: string;
  channels: number;
  /** The turn in which it last changed; 0: not since it is watched. */
  changedTurn: number;
  /** What it was then, as JSON; empty before. */
  text: string;
  /** What it was when it was last read for a snapshot; undefined without data. */
  snapshot: WatchedText | undefined;
}

/** A lab as it was read. */
export interface WatchedText {
  readonly text: string | undefined;
  /** Every change that was noted up to this turn is in it. */
  readonly turn: number;
  /** By a clock that never jumps. */
  readonly atMs: number;
}

interface ChannelLab {
  readonly watched: WatchedLab;
  /** Who was told everything of an earlier turn was not told of it, even if it has not changed since. */
  readonly joinedTurn: number;
}

/** What a client is sent first, and the turn up to which it is told everything with it. */
export interface FirstFrame {
  readonly frame: Buffer;
  readonly turn: number;
}

/** What clients that asked for the same labs share: every frame is made once for all of them. */
export class Channel {
  readonly clients = new Set<StreamClient>();
  /** Of each client that has streams here or is about to: how many, and the labs that count for it. */
  readonly clientsOf = new Map<string, { readonly labs: number; streams: number }>();
  /** Clients whose first answer is on its way. */
  opening = 0;
  idleSinceMs = performance.now();
  readonly labs = new Map<string, ChannelLab>();
  /** Nobody tells its clients anything any more. */
  isDropped = false;
  #frames = new Map<number, Buffer | undefined>();
  #framesTurn = 0;
  #snapshot: Promise<FirstFrame> | undefined;
  #snapshotAtMs = 0;

  /** @param sinceTurn the first turn whose changes it knows are those after this one. */
  constructor(
    readonly key: string,
    readonly id: string,
    readonly filter: LabFilter,
    readonly allows: (lab: string) => boolean,
    readonly sinceTurn: number,
  ) {}

  get isIdle(): boolean {
    return this.clients.size === 0 && this.opening === 0;
  }

  /** The event of what has changed after a turn, up to `turn`, the newest; undefined if nothing has. */
  changesSince(sinceTurn: number, turn: number): Buffer | undefined {
    if (this.#framesTurn !== turn) {
      this.#frames.clear();
      this.#framesTurn = turn;
    }
    if (!this.#frames.has(sinceTurn)) {
      const texts: string[] = [];
      for (const { watched, joinedTurn } of this.labs.values())
        if (Math.max(watched.changedTurn, joinedTurn) > sinceTurn && watched.text !== '')
          texts.push(watched.text);
      this.#frames.set(sinceTurn, texts.length === 0 ? undefined : this.event('changes', texts, turn));
    }
    return this.#frames.get(sinceTurn);
  }

  /** A snapshot, read anew unless one is younger than `keptMs`. */
  snapshot(keptMs: number, read: () => Promise<FirstFrame>): Promise<FirstFrame> {
    const nowMs = performance.now();
    if (this.#snapshot === undefined || nowMs - this.#snapshotAtMs >= keptMs) {
      const snapshot = read();
      this.#snapshot = snapshot;
      this.#snapshotAtMs = nowMs;
      snapshot.catch(() => {
        if (this.#snapshot === snapshot) this.#snapshot = undefined;
      });
    }
    return this.#snapshot;
  }

  event(name: 'snapshot' | 'changes', labTexts: readonly string[], turn: number): Buffer {
    const at = JSON.stringify(new Date().toISOString());
    return serverSentEvent(name, `{"at":${at},"labs":[${labTexts.join()}]}`, `${this.id}.${turn}`);
  }

  /** The turn that a client with this Last-Event-ID was told of; undefined if what came since is not known. */
  resumeTurn(lastEventId: string | undefined, turn: number): number | undefined {
    if (lastEventId === undefined || !lastEventId.startsWith(`${this.id}.`)) return undefined;
    const text = lastEventId.slice(this.id.length + 1);
    const told = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return told >= this.sinceTurn && told <= turn ? told : undefined;
  }
}
