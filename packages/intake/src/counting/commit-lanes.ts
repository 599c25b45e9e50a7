import type { BucketStore } from '@humtemp/bucket-core';
import { CommitCounts } from './commit-counts.js';
import { CommitLoop, type CommitLoopEvents, NO_LABS, notify, type WhenSettled } from './commit-loop.js';
import type { Ledger } from './ledger.js';

/** Batches of several lanes that one publish went into: remembered at most, before those that have settled are forgotten. */
const JOINT_MAX = 1000;

/**
 * A commit loop for each lane of the store, so that a part of the store that does not answer holds up nobody else. Most
 * stores have one.
 *
 * Where a publish went is a *receipt*: the number of its batch and its lane in one number; or, where its observations
 * went into several lanes, a negative number that stands for all of them.
 */
export class CommitLanes {
  readonly loops: readonly CommitLoop[];
  /** Of all lanes together. */
  readonly counts = new CommitCounts();
  readonly #laneOf: ((lab: string) => number) | undefined;
  readonly #joint = new Map<number, readonly number[]>();
  #jointSerial = 0;
  /** Lanes of the publish at hand. */
  #touched: number[] = [];
  #receipt = 0;

  constructor(
    store: Pick<BucketStore, 'commit' | 'lanes'>,
    readonly ledger: Ledger,
    clock: () => number,
    events: CommitLoopEvents = {},
  ) {
    const count = store.lanes?.count ?? 1;
    this.#laneOf = count > 1 ? (lab) => store.lanes!.of(lab) : undefined;
    this.loops = Array.from(
      { length: count },
      () => new CommitLoop(store, ledger, clock, events, this.counts),
    );
  }

  /** The loop that takes an observation of a lab. */
  of(lab: string): CommitLoop {
    if (this.#laneOf === undefined) return this.loops[0]!;
    const lane = this.#laneOf(lab);
    if (!this.#touched.includes(lane)) this.#touched.push(lane);
    return this.loops[lane]!;
  }

  /** The loop that takes what belongs to no lab: one whose commits succeed, if there is one. */
  get any(): CommitLoop {
    if (this.#laneOf === undefined) return this.loops[0]!;
    const lane = this.#touched[0] ?? this.#anyLane;
    if (this.#touched.length === 0) this.#touched.push(lane);
    return this.loops[lane]!;
  }

  get #anyLane(): number {
    const lane = this.loops.findIndex(({ failure }) => failure === undefined);
    return lane === -1 ? 0 : lane;
  }

  /** A publish is through: its batches must settle, even if it was only rejected. */
  touch(): void {
    if (this.#laneOf === undefined) {
      this.#receipt = this.#receiptOf(0);
      this.loops[0]!.touch();
      return;
    }
    const lanes = this.#touched;
    if (lanes.length === 0) lanes.push(this.#anyLane);
    this.#receipt = lanes.length === 1 ? this.#receiptOf(lanes[0]!) : this.#jointReceipt(lanes);
    for (const lane of lanes) this.loops[lane]!.touch();
    lanes.length = 0;
  }

  /** Where the publish went that came last. */
  get receipt(): number {
    return this.#receipt;
  }

  #receiptOf(lane: number): number {
    return this.loops[lane]!.openBatch * this.loops.length + lane;
  }

  #jointReceipt(lanes: readonly number[]): number {
    if (this.#joint.size >= JOINT_MAX)
      for (const joint of this.#joint.keys()) if (this.isSettled(joint)) this.#joint.delete(joint);
    this.#jointSerial -= 1;
    this.#joint.set(
      this.#jointSerial,
      lanes.map((lane) => this.#receiptOf(lane)),
    );
    return this.#jointSerial;
  }

  /** Whether everything of the publish is in the store or was rejected, and of all before it in its lanes. */
  isSettled(receipt: number): boolean {
    if (receipt < 0) return this.#joint.get(receipt)?.every((one) => this.isSettled(one)) ?? true;
    const count = this.loops.length;
    return Math.floor(receipt / count) <= this.loops[receipt % count]!.settledBatch;
  }

  /**
   * Calls back once, when a publish is settled, with the labs that the newest batches of its lanes were refused for;
   * without a receipt, when everything is that was received so far.
   */
  afterSettled(callback: WhenSettled, receipt?: number): void {
    const loops = this.#loopsOf(receipt);
    if (loops.length === 1) {
      loops[0]!.afterSettled(callback);
      return;
    }
    let open = loops.length;
    const refused = new Set<string>();
    for (const loop of loops)
      loop.afterSettled((labs) => {
        for (const lab of labs) refused.add(lab);
        open -= 1;
        if (open === 0) notify(callback, refused);
      });
    if (loops.length === 0) notify(callback, NO_LABS);
  }

  #loopsOf(receipt: number | undefined): readonly CommitLoop[] {
    if (receipt === undefined || this.loops.length === 1) return this.loops;
    const receipts = receipt < 0 ? (this.#joint.get(receipt) ?? []) : [receipt];
    return receipts.map((one) => this.loops[one % this.loops.length]!);
  }

  /**
   * Whether nothing more may be taken into some lane: each has its share of `pendingMax`, so that one which does not get on
   * leaves room for the others.
   */
  isFull(pendingMax: number): boolean {
    if (this.loops.length === 1) return this.ledger.inFlight >= pendingMax;
    return this.loops.some((loop) => this.#isLoopFull(loop, pendingMax));
  }

  /** Whether whoever sent a publish, which may be its first, must stop sending: the lanes of the publish are full. */
  isFullFor(receipt: number | undefined, pendingMax: number): boolean {
    if (this.loops.length === 1) return this.ledger.inFlight >= pendingMax;
    if (receipt === undefined) return false;
    return this.#loopsOf(receipt).some((loop) => this.#isLoopFull(loop, pendingMax));
  }

  #isLoopFull({ inFlight }: CommitLoop, pendingMax: number): boolean {
    return inFlight >= pendingMax / this.loops.length;
  }

  /** Why the last commit of a lane failed; undefined when those of all succeeded. */
  get failure(): string | undefined {
    return this.loops.find(({ failure }) => failure !== undefined)?.failure;
  }

  /** Of the lane where it is longest. */
  get lagMs(): number {
    return Math.max(...this.loops.map(({ lagMs }) => lagMs));
  }

  get oldestUncommittedMs(): number | undefined {
    const all = this.loops.flatMap(({ oldestUncommittedMs }) => oldestUncommittedMs ?? []);
    return all.length === 0 ? undefined : Math.min(...all);
  }

  /** Gives up the retries of all lanes. */
  abandon(): void {
    for (const loop of this.loops) loop.abandon();
  }
}
