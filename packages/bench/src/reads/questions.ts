import { DAY_S, DAYS, LAB_READ, todayStartS } from './labs.js';

export type Rows = ReadonlyMap<string, string>;

/** What is asked of an API. */
export interface Question {
  readonly name: string;
  readonly path: string;
  /** Whether the answer is longer the more labs there are. */
  readonly ofAllLabs: boolean;
  /** Rows of an answer in a form in which those of different servers, asked at different times, are equal. By name. */
  rows(body: Buffer): Rows;
}

export const SUMMARY = '/summary';
export const BUCKETS = '/buckets, JSON';
export const MONTH = 'one lab, 30 days at 1 h';

export function questions(nowMs: number): readonly Question[] {
  const nowS = Math.floor(nowMs / 1000);
  // All servers are asked for the same buckets, also when another one begins meanwhile.
  const lab = (resolution: string, days: number) =>
    `/labs/${LAB_READ}/buckets?resolution=${resolution}&from=${nowS - days * DAY_S + 3600}&to=${nowS}`;
  return [
    // First, so that its memory is that of a process that has not answered yet.
    {
      name: BUCKETS,
      path: '/buckets?offset=0&format=json',
      ofAllLabs: true,
      rows: (body) => named(json<{ readonly buckets: Row[] }>(body).buckets, 'lab_id'),
    },
    {
      name: SUMMARY,
      path: '/summary?offset=0',
      ofAllLabs: true,
      rows: (body) => named(json<Row[]>(body), 'lab_id'),
    },
    {
      name: '/buckets, NDJSON',
      path: '/buckets?offset=0&format=ndjson',
      ofAllLabs: true,
      rows: (body) => named(lines(body), 'lab_id'),
    },
    {
      name: '/summaries of a day',
      path: `/summaries?resolution=1d&from=${todayStartS(nowMs)}`,
      ofAllLabs: true,
      rows: (body) => named([json<Row>(body)], 'labs'),
    },
    {
      name: 'one lab, a day at 5 min',
      path: lab('5m', 1),
      ofAllLabs: false,
      rows: (body) => named(json<{ readonly buckets: Row[] }>(body).buckets, 'start'),
    },
    {
      name: MONTH,
      path: lab('1h', DAYS),
      ofAllLabs: false,
      rows: (body) => named(json<{ readonly buckets: Row[] }>(body).buckets, 'start'),
    },
  ];
}

type Row = Readonly<Record<string, unknown>>;

function json<T>(body: Buffer): T {
  return JSON.parse(body.toString()) as T;
}

function lines(body: Buffer): Row[] {
  const texts = body.toString().split('\n');
  return texts.filter((text) => text !== '').map((text) => JSON.parse(text) as Row);
}

/** Without what depends on the moment of the question. */
function named(rows: readonly Row[], name: string): Rows {
  return new Map(rows.map((row) => [String(row[name]), JSON.stringify(row, withoutMoment)] as const));
}

/** Coverage is of each metric, too. */
function withoutMoment(key: string, value: unknown): unknown {
  return key === 'coverage' || key === 'complete' ? undefined : value;
}

/** What differs between two answers to a question, by their rows; undefined: nothing. */
export function difference({ ofAllLabs }: Question, ours: Rows, theirs: Rows): string | undefined {
  // The range of one lab may have moved on by a bucket in between.
  if (Math.abs(ours.size - theirs.size) > (ofAllLabs ? 0 : 1)) return `${ours.size} and ${theirs.size} rows`;
  let missing = 0;
  for (const [name, row] of ours) {
    const their = theirs.get(name);
    if (their === undefined) missing += 1;
    else if (their !== row) return `${row} and ${their}`;
  }
  return missing > (ofAllLabs ? 0 : 1) ? `${missing} rows are missing` : undefined;
}
