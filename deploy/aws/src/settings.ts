/** What an installation decides. Values of `-c name=value` on the command line of cdk. */
export interface StackSettings {
  /** Tag of the image in the registry: a version, never written anew. A rollback is the one before. */
  readonly version: string;
  /** CPU units and MiB of each process, as Fargate has them: 256 is a quarter of a core. */
  readonly cpu: number;
  readonly memoryMib: number;
  readonly cacheNodeType: string;
  /** What must hold before an acknowledgement: memory of the primary, or of the replica too. */
  readonly durability: 'memory' | 'replica';
  /** Certificate of ACM for both load balancers. */
  readonly certificateArn: string;
  /** Secret with the file of tokens, as `humtemp token` writes it. */
  readonly tokensSecretName: string;
  readonly broker:
    | { readonly kind: 'embedded'; readonly accountsSecretName: string }
    | {
        readonly kind: 'external';
        readonly urlSecretName: string;
        readonly workers: number;
        readonly workersMax: number;
      };
}

/** @param get the value of a context variable. @throws Error that says what is missing */
export function settingsFrom(get: (name: string) => unknown): StackSettings {
  const text = (name: string, fallback?: string): string => {
    const value = get(name) ?? fallback;
    if (typeof value !== 'string' || value === '')
      throw new Error(`-c ${name}=… is missing; docs/aws.md explains it`);
    return value;
  };
  const number = (name: string, fallback: number): number => {
    const value = Number(get(name) ?? fallback);
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`-c ${name}: expected a whole number of at least 1`);
    return value;
  };
  const durability = text('durability', 'replica');
  if (durability !== 'memory' && durability !== 'replica')
    throw new Error(`-c durability=${durability}: expected memory or replica`);
  const version = text('version');
  if (version === 'latest')
    throw new Error('-c version=latest: expected a version, so that it can be rolled back');
  const urlSecretName = get('mqttUrlSecret');
  return {
    version,
    cpu: number('cpu', 1024),
    memoryMib: number('memory', 2048),
    cacheNodeType: text('cacheNodeType', 'cache.t4g.small'),
    durability,
    certificateArn: text('certificateArn'),
    tokensSecretName: text('tokensSecret', 'humtemp/tokens'),
    broker:
      typeof urlSecretName === 'string'
        ? {
            kind: 'external',
            urlSecretName,
            workers: number('workers', 2),
            workersMax: number('workersMax', 8),
          }
        : { kind: 'embedded', accountsSecretName: text('accountsSecret', 'humtemp/accounts') },
  };
}
