import { median, mib, spread, times, whole } from '../figures.js';
import type { Size } from '../options.js';
import type { Report, Scenario } from '../scenario.js';
import { BUCKETS, MONTH, SUMMARY } from './questions.js';
import { type ReadsSize, readsOnce } from './reads-once.js';
import { EMBEDDED, HASHES, REDIS } from './subjects.js';
import type { Asked } from './tally.js';

const SIZES: Readonly<Record<Size, readonly ReadsSize[]>> = {
  normal: [
    { labs: 1000, rounds: 5, inARow: 10, ofOneLab: false },
    { labs: 10_000, rounds: 3, inARow: 2, ofOneLab: true },
    { labs: 100_000, rounds: 3, inARow: 1, ofOneLab: false },
  ],
  short: [
    { labs: 1000, rounds: 3, inARow: 10, ofOneLab: false },
    { labs: 10_000, rounds: 2, inARow: 2, ofOneLab: true },
  ],
  smoke: [{ labs: 600, rounds: 1, inARow: 2, ofOneLab: true }],
};

/** Long answers: a bucket of all labs, and of one lab a long time. */
export const reads: Scenario = {
  name: 'reads',
  summary:
    'answers of the API from 1,000 to 100,000 labs, beside one that scans hashes, and the same bytes from memory',
  async run({ size, rounds, profileFolder }): Promise<Report> {
    const asked: Asked[] = [];
    const failures: string[] = [];
    for (const one of SIZES[size]) {
      const found = await readsOnce({ ...one, rounds: rounds ?? one.rounds }, profileFolder);
      asked.push(...found.asked);
      failures.push(...found.failures);
    }
    return {
      title: `reads: two daily buckets of each lab, one process that answers at a time; medians of ${[
        ...new Set(asked.map(({ wholeMs }) => wholeMs.length)),
      ].join(', ')} answers by turns`,
      columns: [
        'labs',
        'answer',
        'of',
        'first byte, ms',
        'whole, ms',
        'lowest – highest',
        "against humtemp's, embedded",
        'rows',
        'bytes',
        'CPU µs per row',
        'RSS +MiB',
        'of it heap',
      ],
      rows: asked.map((one) => rowOf(one, asked)),
      notes: notesOn(asked),
      failures,
      figures: asked,
    };
  },
};

function rowOf(one: Asked, asked: readonly Asked[]): string[] {
  const ours = find(asked, EMBEDDED, one.question, one.labs);
  return [
    whole(one.labs),
    one.question,
    one.subject,
    median(one.firstMs).toFixed(2),
    median(one.wholeMs).toFixed(2),
    spread(one.wholeMs, (ms) => ms.toFixed(1)),
    ours ? times(median(one.wholeMs) / median(ours.wholeMs)) : '–',
    whole(one.rows),
    whole(one.bytes),
    one.cpuUsPerRow.toFixed(1),
    mib(one.grew.rssBytes),
    mib(one.grew.anonymousBytes),
  ];
}

function notesOn(asked: readonly Asked[]): string[] {
  const notes: string[] = [];
  const most = Math.max(...asked.map(({ labs }) => labs));
  for (const name of [EMBEDDED, REDIS]) {
    const summary = find(asked, name, SUMMARY, 1000);
    const scanned = find(asked, HASHES, SUMMARY, 1000);
    if (summary && scanned)
      notes.push(
        `${SUMMARY} of 1,000 labs, ${name}: in 1/${(median(scanned.wholeMs) / median(summary.wholeMs)).toFixed(1)} of the time of SCAN and HGETALL.`,
      );
    const buckets = find(asked, name, BUCKETS, most);
    if (buckets)
      notes.push(
        `${BUCKETS} of ${whole(most)} labs, ${name}: first byte after ${median(buckets.firstMs).toFixed(1)} ms (at most ${Math.max(...buckets.firstMs).toFixed(1)}), RSS +${mib(buckets.grew.rssBytes)} MiB, heap +${mib(buckets.grew.anonymousBytes)} MiB.`,
      );
    const month = asked.find(({ subject, question }) => subject === name && question === MONTH);
    if (month) notes.push(`${MONTH}, ${name}: ${median(month.wholeMs).toFixed(1)} ms.`);
  }
  return notes;
}

function find(asked: readonly Asked[], subject: string, question: string, labs: number): Asked | undefined {
  return asked.find((one) => one.subject === subject && one.question === question && one.labs === labs);
}
