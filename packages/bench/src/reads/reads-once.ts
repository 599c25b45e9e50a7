import { progress } from '../by-turns.js';
import { whole } from '../figures.js';
import { ProcessGroup } from '../processes/process-group.js';
import { BUCKETS, difference, type Question, questions, SUMMARY } from './questions.js';
import { HASHES, MGET, type Subject, startMemoryServer, startSubjects } from './subjects.js';
import { type Asked, Tally } from './tally.js';

export interface ReadsSize {
  readonly labs: number;
  readonly rounds: number;
  /** Questions in a row, before it is another's turn. */
  readonly inARow: number;
  /** Whether one lab is read, too. */
  readonly ofOneLab: boolean;
}

/** From so many labs on, the design that takes longest is asked once. */
const MANY_LABS = 100_000;

/** Fills stores with so many labs, and asks everything of everybody by turns. */
export async function readsOnce(
  size: ReadsSize,
  profileFolder: string | undefined,
): Promise<{ asked: readonly Asked[]; failures: readonly string[] }> {
  const { labs } = size;
  const processes = new ProcessGroup();
  try {
    const nowMs = Date.now();
    progress(`${whole(labs)} labs: filling …`);
    const subjects = await startSubjects(processes, labs, nowMs, profileFolder);
    const asked: Asked[] = [];
    const failures: string[] = [];
    const answers = new Map<Question, { readonly body: Buffer; readonly rows: number }>();
    for (const question of questions(nowMs)) {
      if (!question.ofAllLabs && !size.ofOneLab) continue;
      progress(`${whole(labs)} labs: ${question.name} …`);
      const able = subjects.filter((one) => one.questions?.includes(question.name) ?? true);
      const [ours, ...others] = await askByTurns(question, able, size);
      const rows = question.rows(ours!.body);
      asked.push(ours!.asked(rows.size));
      for (const other of others) {
        if (other.subject.name === MGET) {
          asked.push(other.asked(labs));
          continue;
        }
        const theirs = question.rows(other.body);
        asked.push(other.asked(theirs.size));
        const text = difference(question, rows, theirs);
        if (text !== undefined)
          failures.push(`${question.name} of ${labs} labs: ${other.subject.name} answers otherwise: ${text}`);
      }
      if (question.name === SUMMARY || question.name === BUCKETS)
        answers.set(question, { body: ours!.body, rows: rows.size });
    }
    const floor = await startMemoryServer(processes, answers);
    for (const [question, { rows }] of answers)
      for (const tally of await askByTurns(question, [floor], size)) asked.push(tally.asked(rows));
    return { asked, failures };
  } finally {
    await processes.stop();
  }
}

async function askByTurns(
  question: Question,
  subjects: readonly Subject[],
  { labs, rounds, inARow }: ReadsSize,
): Promise<readonly Tally[]> {
  const tallies = subjects.map((subject) => new Tally(subject, question, labs));
  for (let round = 1; round <= rounds; round++)
    for (const tally of tallies)
      if (tally.subject.name !== HASHES || labs < MANY_LABS || round === 1) await tally.ask(inARow);
  return tallies;
}
