/** A value and the labels that it stands under. */
export interface MeterSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Of a histogram: what is behind the name. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

/** Something that a process counts: declared where it is counted, read when somebody asks. */
export interface Meter {
  /** `humtemp_…` in snake_case, with its unit last; of a counter with `_total` behind it. */
  readonly name: string;
  /** One sentence. */
  readonly help: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** What it is now; nothing where this process does not have it. */
  readonly samples: () => readonly MeterSample[] | Promise<readonly MeterSample[]>;
}

/** How often values came: up to the bound of the same index; last, beyond all bounds. */
export interface Spread {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

type Read = () => number | undefined | Promise<number>;
type ReadBy = () => Iterable<readonly [labels: Readonly<Record<string, string>>, value: number]>;

/** A number that only grows. @param read undefined: this process does not have it. */
export function counter(name: string, help: string, read: Read): Meter {
  return { name, help, kind: 'counter', labels: [], samples: () => one(read) };
}

/** A number that goes up and down. @param read undefined: this process does not have it. */
export function gauge(name: string, help: string, read: Read): Meter {
  return { name, help, kind: 'gauge', labels: [], samples: () => one(read) };
}

/** Numbers that only grow, by labels. */
export function counterBy(name: string, help: string, labels: readonly string[], read: ReadBy): Meter {
  return { name, help, kind: 'counter', labels, samples: () => many(read) };
}

/** Numbers that go up and down, by labels. */
export function gaugeBy(name: string, help: string, labels: readonly string[], read: ReadBy): Meter {
  return { name, help, kind: 'gauge', labels, samples: () => many(read) };
}

/** How often values came. A bucket of Prometheus has all values up to its bound. */
export function histogram(name: string, help: string, read: () => Spread): Meter {
  const samples = () => {
    const { bounds, counts, sum } = read();
    let below = 0;
    const buckets = counts.map((count, i): MeterSample => {
      below += count;
      const le = bounds[i] === undefined ? '+Inf' : String(bounds[i]);
      return { suffix: '_bucket', labels: { le }, value: below };
    });
    return [
      ...buckets,
      { suffix: '_sum', labels: {}, value: sum } as const,
      { suffix: '_count', labels: {}, value: below } as const,
    ];
  };
  return { name, help, kind: 'histogram', labels: [], samples };
}

async function one(read: Read): Promise<readonly MeterSample[]> {
  const value = await read();
  return value === undefined ? [] : [{ labels: {}, value }];
}

function many(read: ReadBy): readonly MeterSample[] {
  return [...read()].map(([labels, value]) => ({ labels, value }));
}
