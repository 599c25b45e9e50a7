import { setTimeout as pause } from 'node:timers/promises';
import { openConnections } from '../load/mqtt-connection.js';
import { type Latencies, LatencyHistogram } from '../measuring/latency-histogram.js';
import { say, told } from '../processes/told.js';
import { SseClient } from './sse-client.js';
import { type Followed, ToldLabs, WatchedLabs } from './told-labs.js';

export interface StreamLoad {
  readonly clients: number;
  /** `lab-000000` and so on. Every other client follows all of them, the others five each. */
  readonly labs: number;
  /** Observations that the labs have together in the end. Undefined: nothing is told of them. */
  readonly observations: number | undefined;
}

export interface StreamLoadDone extends Followed {
  /** Between two updates of a lab at a client. */
  readonly gaps: Latencies;
  /** Of all clients, in the time that was measured. */
  readonly bytes: number;
  /** Of an event, on average, of a client that follows all labs, and of one that follows five. */
  readonly eventBytes: { readonly all: number; readonly five: number };
  /** Told differently to two clients. */
  readonly differences: number;
  /** Clients whose last word of each lab is not what the others have, and all of it together not what was published. */
  readonly incomplete: number;
}

const FOLLOWED_LABS = 5;
const COMPLETE_MS_MAX = 20_000;

/**
 * Clients of the live stream. Says "ready" once all have had a snapshot, measures from "measure" to "finish", says "done" once
 * all have been told everything, and "ended" once all their streams have ended.
 */
export async function runStreamClients({
  port,
  clients,
  labs,
  observations,
}: StreamLoad & { readonly port: number }): Promise<void> {
  const [toldLabs, gaps] = [new ToldLabs(), new LatencyHistogram()];
  const all = Array.from({ length: labs }, (_, lab) => lab);
  let [isMeasured, isOver, open] = [false, false, 0];
  let everybodyGone: () => void;
  const ended = new Promise<void>((resolve) => {
    everybodyGone = resolve;
  });
  const opened = await openConnections(clients, async (index) => {
    const followsAll = index % 2 === 0;
    const mine = followsAll ? all : all.map((lab) => (lab + (index >> 1)) % labs).slice(0, FOLLOWED_LABS);
    const watched = new WatchedLabs(mine, toldLabs, gaps);
    const client = await SseClient.open({
      port,
      labs: followsAll ? 'lab-*' : mine.map((lab) => `lab-${String(lab).padStart(6, '0')}`).join(),
      onChanges: (event) => watched.take(event, performance.now(), isMeasured),
      onClose: () => {
        open -= 1;
        if (!isOver) say('failed', 'a stream ended by itself');
        else if (open === 0) everybodyGone();
      },
    });
    open += 1;
    return { client, watched, followsAll };
  });
  const bytesRead = () => opened.reduce((sum, { client }) => sum + client.bytes, 0);
  say('ready');
  await told('measure');
  isMeasured = true;
  const bytesBefore = bytesRead();
  await told('finish');
  isMeasured = false;
  const bytes = bytesRead() - bytesBefore;
  const incomplete = () => incompleteClients(opened, observations);
  for (const deadlineMs = Date.now() + COMPLETE_MS_MAX; incomplete() > 0 && Date.now() < deadlineMs; )
    await pause(100);
  isOver = true;
  const followed = opened.map(({ watched }) => watched.followed());
  const sum = (figure: (one: Followed) => number) => followed.reduce((sum, one) => sum + figure(one), 0);
  const eventBytes = (ofAll: boolean) => {
    const some = opened.filter(({ followsAll }) => followsAll === ofAll);
    const events = some.reduce((sum, { watched }) => sum + watched.followed().events + 1, 0);
    return some.reduce((sum, { client }) => sum + client.bytes, 0) / Math.max(1, events);
  };
  say('done', {
    events: sum(({ events }) => events),
    missed: sum(({ missed }) => missed),
    skippedTurns: sum(({ skippedTurns }) => skippedTurns),
    wentBack: sum(({ wentBack }) => wentBack),
    gaps: gaps.summary(),
    bytes,
    eventBytes: { all: eventBytes(true), five: eventBytes(false) },
    differences: toldLabs.differences,
    incomplete: incomplete(),
  } satisfies StreamLoadDone);
  await ended;
  say('ended');
}

/** Clients that were not told of all observations: the first, which follows all labs, against the number, others against it. */
function incompleteClients(
  opened: readonly { readonly watched: WatchedLabs }[],
  observations: number | undefined,
): number {
  if (observations === undefined || opened.length === 0) return 0;
  const last = opened[0]!.watched.observations;
  const told = [...last.values()].reduce((sum, count) => sum + count, 0);
  if (told !== observations) return opened.length;
  return opened.filter(({ watched }) =>
    watched.labs.some((lab) => watched.observations.get(lab) !== last.get(lab)),
  ).length;
}
