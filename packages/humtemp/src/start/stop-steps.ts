/** One thing to stop. */
export interface StopStep {
  /** What it stops, as messages name it. */
  readonly name: string;
  /**
   * Every step is to end in time by itself. Beyond this it is taken for one that never ends. Default: no
   * limit.
   */
  readonly msMax?: number;
  stop(): Promise<unknown>;
}

/** The process did not stop as it should have: what it holds on to may not let it end. */
export class StopError extends Error {
  override readonly name = 'StopError';
}

/**
 * Takes the steps one after the other. None that fails or does not end keeps the others from being taken.
 * @throws StopError, after the last step, that names those.
 */
export async function takeSteps(steps: readonly StopStep[]): Promise<void> {
  const failures: string[] = [];
  let cause: unknown;
  for (const { name, msMax = Infinity, stop } of steps)
    try {
      if (!(await endsWithin(msMax, stop()))) failures.push(`${name} had not stopped after ${msMax} ms`);
    } catch (error) {
      failures.push(`${name} failed to stop: ${(error as Error).message}`);
      cause ??= error;
    }
  if (failures.length > 0) throw new StopError(failures.join('; '), cause === undefined ? {} : { cause });
}

/**
 * Waits for something that may never end.
 * @returns whether it has ended within `msMax`.
 * @throws what it fails with in that time; a later failure is nobody's concern.
 */
export async function endsWithin(msMax: number, something: Promise<unknown>): Promise<boolean> {
  if (msMax === Infinity) return something.then(() => true);
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), msMax);
  });
  try {
    return await Promise.race([something.then(() => true), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
