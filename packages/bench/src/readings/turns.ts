import { medians, type Used, usedBy, withSides } from '../layouts/sides.js';
import { fill, type History } from './fill.js';
import { digestOf, questions } from './questions.js';

export interface ReadFigures {
  readonly name: string;
  /** In the order of the sides. */
  readonly used: readonly [Used, Used];
}

/** Rounds before the measured ones: the first readings take up to twice as long, until Node has compiled what unpacks. */
const WARM_ROUNDS = 3;

/** Reads the same from both layouts by turns. What they answer is compared first, in full. */
export async function readTurns(
  history: History,
  rounds: number,
  failures: string[],
): Promise<ReadFigures[]> {
  return withSides(async (sides) => {
    const nowMs = Math.floor(Date.now() / 60_000) * 60_000;
    await fill(sides, history, nowMs);
    const figures: ReadFigures[] = [];
    for (const question of questions(history.labs, nowMs)) {
      const [before, now] = [
        await digestOf(question, sides[0].store),
        await digestOf(question, sides[1].store),
      ];
      if (before !== now) failures.push(`${question.name}: the layouts answer ${before} and ${now}`);
      const all: [Used[], Used[]] = [[], []];
      for (let round = 1; round <= WARM_ROUNDS + rounds; round++)
        for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
          const used = await usedBy(sides[which]!, () => question.read(sides[which]!.store, () => {}));
          if (round > WARM_ROUNDS) all[which]!.push(used);
        }
      figures.push({ name: question.name, used: [medians(all[0]), medians(all[1])] });
    }
    return figures;
  });
}
