export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Resolves once the condition holds.
 * @throws after two minutes or more: longer than anything takes, also where other work has the cores.
 */
export async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i > 12_000) throw new Error(`waited in vain for ${condition}`);
    await pause(10);
  }
}
