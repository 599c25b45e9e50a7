/** Where the servers' programs come from, in the order of preference. */
export const serviceSources = ['docker', 'path', 'debian'] as const;

export type ServiceSource = (typeof serviceSources)[number];

/** A source that has nothing to offer on this machine; the message says why. */
export class SourceUnavailable extends Error {
  override readonly name = 'SourceUnavailable';
}

/**
 * The sources to try: all of them, or the one that `HUMTEMP_TEST_SERVICES` forces.
 * @throws Error when the variable names no source
 */
export function sourcesToTry(forced = process.env.HUMTEMP_TEST_SERVICES): readonly ServiceSource[] {
  if (!forced) return serviceSources;
  const source = serviceSources.find((name) => name === forced);
  if (!source)
    throw new Error(`HUMTEMP_TEST_SERVICES is "${forced}"; expected one of ${serviceSources.join(', ')}`);
  return [source];
}

/**
 * Returns what the first available source gives.
 * @throws Error naming why every source was unavailable and what to install; or the first other failure
 */
export async function fromFirstSource<T>(
  wanted: string,
  sources: readonly ServiceSource[],
  get: (source: ServiceSource) => Promise<T>,
): Promise<T> {
  const reasons: string[] = [];
  for (const source of sources) {
    try {
      return await get(source);
    } catch (error) {
      if (!(error instanceof SourceUnavailable)) throw error;
      reasons.push(`  ${source}: ${error.message}`);
    }
  }
  throw new Error(
    `The tests need ${wanted}, and found it nowhere:\n${reasons.join('\n')}\n` +
      'Start Docker, or install the programs (Debian, Ubuntu: apt-get install redis-server mosquitto ' +
      'mosquitto-clients; macOS: brew install redis mosquitto), or run the tests as root on Debian.',
  );
}
