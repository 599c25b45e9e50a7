import { type TestContext, test } from 'node:test';
import { EmbeddedStart } from './embedded-start.js';
import { type Random, randomOf } from './random.js';

/** What a test of `humtemp start` has at hand. */
export interface StartParts {
  readonly start: EmbeddedStart;
  readonly seed: number;
  readonly random: Random;
  readonly context: TestContext;
  /** Runs after the test, whatever became of it; the last first. */
  onEnd(close: () => Promise<unknown>): void;
}

type Environment = Readonly<Record<string, string>>;

/** Seed of every test of this run; SEED=… repeats another run. */
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));

/**
 * A test of `humtemp start`, which runs already when `body` is called. A test that fails tells its seed, and
 * what the process said.
 */
export function startTest(
  name: string,
  env: Environment | ((onEnd: StartParts['onEnd']) => Promise<Environment>),
  body: (parts: StartParts) => Promise<void>,
): void {
  test(name, async (context) => {
    const closers: (() => Promise<unknown>)[] = [];
    const onEnd = (close: () => Promise<unknown>) => void closers.push(close);
    let start: EmbeddedStart | undefined;
    try {
      start = await EmbeddedStart.open(typeof env === 'function' ? await env(onEnd) : env);
      closers.push(() => start!.close());
      await body({ start, seed: SEED, random: randomOf(SEED), context, onEnd });
    } catch (error) {
      context.diagnostic(`SEED=${SEED}; the process said:\n${start?.log}`);
      throw error;
    } finally {
      for (const close of closers.reverse()) await close();
    }
  });
}
