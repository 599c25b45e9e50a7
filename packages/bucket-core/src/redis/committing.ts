import { oldestLiveMs } from '../grid/bucket-grid.js';
import { Batch, ROW_LENGTH } from '../store/batch.js';
import { CommitError, type CommitResult, emptyCommitResult } from '../store/commit-result.js';
import { at } from './asking.js';
import { addPartsOf } from './batch-parts.js';
import { CallPacking } from './call-packing.js';
import {
  type CommitCall,
  countedOf,
  headBytesOf,
  LOOK_AGAIN,
  LOOKED,
  MISSING,
  NO_DEDUPLICATION,
  OTHER_TYPE as OF_OTHER_TYPE,
  type Part,
  sendCall,
} from './commit-call.js';
import type { Faults } from './faults.js';
import type { Folding } from './folding.js';
import { Inquiry } from './inquiry.js';
import type { Keys } from './keys.js';
import type { LabIndex } from './lab-index.js';
import type { LabState, LabStates } from './lab-states.js';
import type { LatePart, LateRows } from './late-rows.js';
import { parseHead } from './pages/head.js';
import type { PageGrid } from './pages/page-grid.js';
import { ROW_BYTES } from './pages/tail-row.js';
import { UnreadableValue } from './pages/unreadable-value.js';
import { Elsewhere, isAboutValue, isElsewhere, isReply, messageOf } from './redis-errors.js';
import type { RedisLink } from './redis-link.js';
import { SentTogether } from './sent-together.js';
import type { Servers } from './servers.js';
import { OTHER_TYPE, WRONG_TYPE } from './set-aside.js';

/** What a commit is made of. */
export interface CommittingParts {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly pages: PageGrid;
  readonly states: LabStates;
  readonly index: LabIndex;
  readonly late: LateRows;
  readonly folding: Folding;
  readonly faults: Faults;
  readonly labsMax: number;
  /** The name under which the store counts. */
  readonly process: string;
}

/** Times that a part is sent, when others keep changing its lab. */
const ROUNDS_MAX = 100;
/** Labs of which many observations come at once are folded after so many commits, … */
const COMMITS_FOLDED = 8;
/** … or so many observations: what stays in the tail and the page are written anew each time. */
const ROWS_FOLDED_MAX = 256;
/** A head that is longer is folded before the commit is answered. */
const HEAD_BYTES_MAX = 256 << 10;

/** What a commit has come to, while it is under way. */
interface Progress {
  readonly result: CommitResult;
  readonly due: Set<LabState>;
  readonly overlong: Set<LabState>;
}

/** A call that is under way. */
interface Sent {
  readonly call: CommitCall;
  readonly link: RedisLink;
  /** Over which of the link's connections, one after the other. */
  readonly connection: number;
  readonly answers: Promise<(number | Buffer)[]>;
}

interface Failed {
  readonly error: unknown;
  readonly parts: readonly Part[];
}

/**
 * Commits batches, those of a server one after the other. A part of a lab goes:
 *
 *     sent ──appended, all or what is new──▶ counted
 *      ├─ likely to be late ──▶ compared with head and raw pages before it is sent at all
 *      ├─ the head is missing ──▶ sent with the index
 *      ├─ not newer than what is folded ──▶ compared with raw pages ──▶ sent with the generation
 *      ├─ the head is unreadable or of another type ──▶ set aside ──▶ sent with the index
 *      ├─ its partition is on another server, or on its way ──▶ looked for ──▶ sent there
 *      └─ no answer, or not known to be safe ──▶ Unanswered: before the next commit Redis is asked what became of the call
 */
export class Committing {
  readonly #with: CommittingParts;
  readonly #packing: CallPacking;
  readonly #inquiry: Inquiry;
  readonly #last = new Map<RedisLink, Promise<unknown>>();

  constructor(parts: CommittingParts) {
    this.#with = parts;
    this.#packing = new CallPacking(parts);
    this.#inquiry = new Inquiry(parts.servers, parts.keys, parts.process);
  }

  /** @param link the server that has all labs of the batch, as far as is known */
  commit(batch: Batch, nowMs: number, link: RedisLink): Promise<CommitResult> {
    const last = this.#last.get(link) ?? Promise.resolve();
    const next = last.then(() => this.#commit(batch, nowMs, link));
    const done = next.then(
      () => {},
      () => {},
    );
    this.#last.set(link, done);
    void done.then(() => {
      if (this.#last.get(link) === done) this.#last.delete(link);
    });
    return next;
  }

  async #commit(batch: Batch, nowMs: number, link: RedisLink): Promise<CommitResult> {
    const { folding, index, states, labsMax } = this.#with;
    const result = emptyCommitResult();
    folding.nowMs = Math.max(folding.nowMs, nowMs);
    const parts: Part[] = [];
    try {
      await this.#inquiry.askAgain(link);
      const refused = await index.refusedLabs(batch.rowsByLab.keys(), labsMax, nowMs);
      this.#prepare(batch, nowMs, refused, parts, result);
    } catch (error) {
      throw failure(error, emptyCommitResult(), batch);
    }
    const progress: Progress = { result, due: new Set(), overlong: new Set() };
    const endMs = performance.now() + this.#with.servers.patienceMs;
    let open = parts;
    let failed: Failed | undefined = await this.#with.late.foresee(parts).then(
      () => undefined,
      (error: unknown) => ({ error, parts }),
    );
    for (let round = 0; open.length > 0 && failed === undefined; round++) {
      const late: LatePart[] = [];
      const again: Part[] = [];
      const sent = await this.#send(open, nowMs, progress, late, again);
      failed = sent.failed;
      if (sent.elsewhere !== undefined && failed === undefined) {
        // Places that move are no sign of others that change the same labs.
        round -= 1;
        if (performance.now() > endMs) failed = { error: sent.elsewhere, parts: [] };
        else await this.#with.servers.lookAgain();
      }
      try {
        await this.#with.late.compare(late);
      } catch (error) {
        failed = { error, parts: [...(failed?.parts ?? []), ...again] };
      }
      if (failed === undefined && round === ROUNDS_MAX)
        failed = { error: new Error('a lab is changed by others again and again'), parts: again };
      if (failed !== undefined) failed = { ...failed, parts: [...new Set([...failed.parts, ...again])] };
      open = again;
    }
    for (const state of progress.due) folding.add(state);
    if (progress.overlong.size > 0) await folding.fold([...progress.overlong]).catch(() => {});
    if (failed === undefined) return result;
    const remaining = new Batch();
    for (const { state, rows, dropped } of failed.parts) {
      if (rows.length > 0) remaining.addRows(state.lab, rows);
      if (dropped.length > 0) remaining.addRows(state.lab, dropped);
      states.of(state.lab).longestStartS = Number.NEGATIVE_INFINITY;
    }
    throw failure(failed.error, result, remaining);
  }

  #prepare(
    batch: Batch,
    nowMs: number,
    refused: ReadonlySet<string>,
    parts: Part[],
    result: CommitResult,
  ): void {
    const { states, pages } = this.#with;
    const oldestMs = oldestLiveMs(pages.grid, nowMs);
    for (const [lab, all] of batch.rowsByLab) {
      const rows = this.#inquiry.unanswered.withoutKnown(lab, all, result);
      if (refused.has(lab)) {
        if (rows.length === 0) continue;
        result.tooManyLabs += rows.length / ROW_LENGTH;
        result.refusedLabs.add(lab);
        continue;
      }
      addPartsOf(states.of(lab), rows, oldestMs, pages.keepsRows(), result, parts);
    }
  }

  /**
   * Sends parts, and sorts them by their answers: counted in `progress`, to be compared and sent again, or sent again.
   * @returns what failed, if something did.
   */
  async #send(
    parts: readonly Part[],
    nowMs: number,
    progress: Progress,
    late: LatePart[],
    again: Part[],
  ): Promise<{ failed: Failed | undefined; elsewhere: unknown }> {
    const { servers, process } = this.#with;
    const isOnItsWay = ({ state }: Part) => servers.isOnItsWay(state.partition, false);
    const waiting = parts.filter(isOnItsWay);
    again.push(...waiting);
    // What goes into one call is on one server, as long as its fence holds.
    const calls = this.#packing.callsOf(
      waiting.length === 0 ? parts : parts.filter((part) => !isOnItsWay(part)),
      nowMs,
    );
    const sent: Sent[] = [];
    let error: unknown;
    let elsewhere: unknown = waiting.length === 0 ? undefined : new Elsewhere();
    const failed: Part[] = [];
    const together = new SentTogether();
    for (const call of calls)
      try {
        const link = servers.linkOf(call.partition);
        const { connection } = link.safe;
        together.next(link);
        const answers = sendCall(link.writable(), call, process, servers.fenceOf(link));
        sent.push({ call, link, connection, answers });
      } catch (reason) {
        error ??= reason;
        failed.push(...call.parts, ...call.counted);
      }
    together.send();
    const replies = await Promise.allSettled(sent.map(({ answers }) => answers));
    const unsafe = await unsafeOf(sent);
    for (const [i, { call, link }] of sent.entries()) {
      const reply = replies[i]!;
      const all = [...call.parts, ...call.counted];
      const reason = unsafe.get(link);
      if (reply.status === 'fulfilled' && reason !== undefined) {
        this.#inquiry.unanswered.add(call, link);
        error ??= reason;
        failed.push(...all);
        continue;
      }
      if (reply.status === 'fulfilled') {
        await this.#sort(call, reply.value, nowMs, progress, late, again).catch((reason) => {
          error ??= reason;
          failed.push(...all.filter((part) => again.includes(part)));
        });
        continue;
      }
      if (isElsewhere(reply.reason)) {
        elsewhere = reply.reason;
        again.push(...all);
        continue;
      }
      // A lab of which Redis cannot even say what is wrong: alone it is found, and others need not wait for it.
      if (isAboutValue(reply.reason) && (await this.#isolate(call, reply.reason, again))) continue;
      if (!isReply(reply.reason)) this.#inquiry.unanswered.add(call, link);
      error ??= reply.reason;
      failed.push(...all);
    }
    return { failed: error === undefined ? undefined : { error, parts: failed }, elsewhere };
  }

  async #sort(
    call: CommitCall,
    answers: readonly (number | Buffer)[],
    nowMs: number,
    progress: Progress,
    late: LatePart[],
    again: Part[],
  ): Promise<void> {
    const { faults, states } = this.#with;
    const { result } = progress;
    for (const part of call.counted) result.duplicate += part.dropped.length / ROW_LENGTH;
    const unreadable: { part: Part; value: Buffer; reason: string }[] = [];
    call.parts.forEach((part, i) => {
      // A call that a later one has overtaken has no answers.
      const answer = answers[i] ?? LOOK_AGAIN;
      if (typeof answer === 'number' && answer >= 0) {
        this.#count(part, answer, progress);
        return;
      }
      again.push(part);
      if (answer === MISSING) part.state.longestStartS = Number.NEGATIVE_INFINITY;
      else if (answer === OF_OTHER_TYPE) unreadable.push({ part, value: WRONG_TYPE, reason: OTHER_TYPE });
      else if (answer !== LOOK_AGAIN) {
        try {
          const head = parseHead(answer as Buffer);
          part.flags |= LOOKED;
          part.generation = head.generation;
          if (!(part.flags & NO_DEDUPLICATION)) late.push({ part, head });
        } catch (error) {
          if (!(error instanceof UnreadableValue)) throw error;
          unreadable.push({ part, value: answer as Buffer, reason: error.message });
        }
      }
    });
    // Behind the answers: what else was of another type.
    for (const key of answers.slice(call.parts.length)) {
      faults.report(String(key), OTHER_TYPE);
      for (const { partition } of new Set(call.parts.map(({ state }) => state)))
        states.forgetIndex(partition);
    }
    for (const { part, value, reason } of unreadable) {
      part.flags &= ~LOOKED;
      await this.#with.folding.repair(part.state, value, reason, nowMs);
    }
  }

  #count(part: Part, answer: number, { result, due, overlong }: Progress): void {
    const { state, rows, dropped, suspended } = part;
    const counted = countedOf(answer);
    result.committed += counted;
    result.duplicate += rows.length / ROW_LENGTH - counted + dropped.length / ROW_LENGTH;
    result.suspended += Math.min(counted, suspended);
    const bytes = headBytesOf(answer);
    if (bytes > HEAD_BYTES_MAX) overlong.add(state);
    const { foldRows } = this.#with.folding.limits;
    const waited = Math.min(COMMITS_FOLDED * counted, ROWS_FOLDED_MAX);
    const over = (bytes - state.foldAtBytes) / ROW_BYTES - Math.max(0, waited - foldRows);
    // Who crosses the limit folds; and everybody, if that one has not, though it had time while others appended as much.
    if (over < 0 || (over >= counted && over < Math.max(foldRows, COMMITS_FOLDED * counted))) return;
    state.skips -= 1;
    if (state.skips < 0) due.add(state);
  }

  /**
   * A call that Redis answered with an error about a value: its parts one by one, and the one that it is about without the
   * value.
   * @returns false if that does not help.
   */
  async #isolate(call: CommitCall, error: Error, again: Part[]): Promise<boolean> {
    if (call.parts.length > 1 || call.counted.length > 0) {
      // Each gets a call of its own: it is the only one of its lab and does not fit with others.
      for (const part of [...call.parts, ...call.counted]) {
        part.isAlone = true;
        again.push(part);
      }
      return true;
    }
    const [part] = call.parts;
    if (part === undefined || part.isRepaired) return false;
    part.isRepaired = true;
    const { servers } = this.#with;
    const value = await at(servers, 'commits', part.state.partition, (redis) =>
      redis.getBuffer(part.state.headKey),
    ).catch(() => WRONG_TYPE);
    if (value !== null)
      await this.#with.folding.repair(part.state, value, error.message, this.#with.folding.nowMs);
    again.push(part);
    return true;
  }
}

/** For each server over which calls went why what they wrote may not be safe; those where it is are not in it. */
async function unsafeOf(sent: readonly Sent[]): Promise<ReadonlyMap<RedisLink, unknown>> {
  const unsafe = new Map<RedisLink, unknown>();
  const connections = new Map(sent.map(({ link, connection }) => [link, connection]));
  await Promise.all(
    [...connections].map(([link, connection]) =>
      link.safe.confirm(connection).catch((reason: unknown) => {
        unsafe.set(link, reason);
      }),
    ),
  );
  return unsafe;
}

function failure(error: unknown, done: CommitResult, remaining: Batch): CommitError {
  return new CommitError(`Redis: ${messageOf(error)}`, done, remaining, { cause: error });
}
