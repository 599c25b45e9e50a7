import { type CommitCase, checkedCommit } from './commit-turns.js';
import { type Side, withSides } from './sides.js';

/** What commits append to the file of Redis, bytes an observation, in the order of the sides; folds included. */
export async function aofTurns(one: CommitCase, failures: string[]): Promise<[number, number]> {
  return withSides(
    async (sides) => {
      const startMs = Math.ceil(Date.now() / 86_400_000) * 86_400_000;
      const bytes: [number, number] = [0, 0];
      let observations = 0;
      for (let k = 0; k < one.warm + one.batches; k++) {
        const batch = one.batch(k, startMs);
        if (k >= one.warm) observations += batch.observations;
        for (const [which, side] of sides.entries()) {
          const before = await fileBytes(side);
          await checkedCommit(side, batch, one, k, startMs, failures);
          await side.store.whenFolded();
          if (k >= one.warm) bytes[which]! += (await fileBytes(side)) - before;
        }
      }
      return [bytes[0] / observations, bytes[1] / observations];
    },
    { appendonly: 'yes', 'auto-aof-rewrite-percentage': '0' },
  );
}

async function fileBytes({ server }: Side): Promise<number> {
  const info = await server.info('persistence');
  return Number(/^aof_current_size:(\d+)/m.exec(info)?.[1]);
}
