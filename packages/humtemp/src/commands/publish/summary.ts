import { count } from './count.js';
import { rejectedCount } from './ledger-difference.js';
import type { PublishResult } from './publish-run.js';

/** What was published, in words: rows of a file, observations of simulated labs. */
export interface SummarySubject {
  readonly plural: string;
  readonly qos: 0 | 1;
  /** How many there were to publish, if that is known. */
  readonly total?: number;
  /** What the person may do about observations that were rejected as expired. */
  readonly expiredAdvice?: string;
}

/** The result in a few lines: the first says it all when all went well. */
export function summaryText(result: PublishResult, subject: SummarySubject): string {
  const { sent, acknowledged, resent, inFlight, reconnections, elapsedS, ledger, ledgerProblem } = result;
  const lines: string[] = [];
  const outcome =
    subject.qos === 1 ? `${count(acknowledged)} acknowledged` : 'QoS 0, so none is acknowledged';
  let first = `${count(sent)} ${subject.plural} sent, ${outcome}`;
  if (ledger !== undefined)
    first += `; ${count(ledger.committed)} committed, ${count(ledger.duplicate)} duplicate, ${count(rejectedCount(ledger))} rejected`;
  lines.push(first);

  const pace = elapsedS >= 0.1 ? `, ${count(sent / elapsedS, sent / elapsedS < 10 ? 1 : 0)}/s` : '';
  const again =
    reconnections === 0 ? '' : `; ${times(reconnections, 'reconnection')}, ${count(resent)} sent again`;
  lines.push(`${count(elapsedS, 1)} s${pace}${again}`);

  if (ledger !== undefined) {
    const reasons = Object.entries(ledger.rejected).map(([reason, number]) => `${count(number)} ${reason}`);
    if (reasons.length > 0) lines.push(`rejected: ${reasons.join(', ')}`);
    if ((ledger.rejected.expired ?? 0) > 0 && subject.expiredAdvice !== undefined)
      lines.push(subject.expiredAdvice);
    const missing = (subject.qos === 1 ? acknowledged : sent) - ledger.received;
    if (missing > 0) {
      const cause =
        subject.qos === 1
          ? 'still on their way, or counted by a process that died before it could report'
          : 'still on their way, or lost, as QoS 0 may';
      lines.push(`${count(missing)} of them are not in the ledger: ${cause}`);
    }
  }
  if (ledgerProblem !== undefined) lines.push(`what became of them is not known: ${ledgerProblem}`);
  if (inFlight > 0) lines.push(`${count(inFlight)} were not acknowledged`);
  if (result.interrupted && subject.total !== undefined && sent < subject.total)
    lines.push(`interrupted: ${count(sent)} of ${count(subject.total)} ${subject.plural}`);
  return `${lines.join('\n')}\n`;
}

/** The result as one JSON object, in the spelling of the HTTP API. */
export function summaryJson(result: PublishResult, more: Readonly<Record<string, unknown>>): string {
  const { ledger } = result;
  return `${JSON.stringify({
    ...more,
    sent: result.sent,
    acknowledged: result.acknowledged,
    resent: result.resent,
    in_flight: result.inFlight,
    reconnections: result.reconnections,
    elapsed_s: Number(result.elapsedS.toFixed(3)),
    interrupted: result.interrupted,
    ledger:
      ledger === undefined
        ? null
        : {
            received: ledger.received,
            committed: ledger.committed,
            duplicate: ledger.duplicate,
            rejected: ledger.rejected,
            in_flight: ledger.inFlight,
          },
    ledger_problem: result.ledgerProblem ?? null,
  })}\n`;
}

function times(number: number, word: string): string {
  return `${count(number)} ${word}${number === 1 ? '' : 's'}`;
}
