/** CPU and memory as docs/performance.md has them measured: see "A capacity model" there. */
export const MEASURED = {
  /** CPU of the embedded broker for an observation, its commit to Redis included, of connections with one in flight. */
  brokerCpuUs: 22.2,
  cacheCpuUs: 2.9,
  connectionBytes: 25_800,
  labBytes: 20_000,
  /** A process that does nothing. */
  idleBytes: 120_000_000,
  /** CPU is loaded, and memory filled, to no more than this. */
  loadMax: 2 / 3,
} as const;

export interface Demand {
  /** Each with a connection and a lab of its own. */
  readonly sensors: number;
  /** Seconds between two observations of a sensor. */
  readonly intervalS: number;
}

/** What an installation takes in a month, with the embedded broker: what prices are to be multiplied with. */
export interface Quantities {
  readonly brokerVcpuHours: number;
  readonly brokerGbHours: number;
  readonly apiVcpuHours: number;
  readonly apiGbHours: number;
  readonly cacheGbHours: number;
  readonly balancerHours: number;
  readonly natHours: number;
  readonly trafficGb: number;
}

/** Prices of one region in one currency, to be looked up: none is known here. */
export type Prices = Readonly<Record<keyof typeof UNITS, number>>;

export const UNITS = {
  fargateVcpuHour: 'a vCPU of Fargate for an hour',
  fargateGbHour: 'a GB of Fargate for an hour',
  cacheGbHour: 'a GB of the cache for an hour: the price of a node, by its GB',
  balancerHour: 'a load balancer for an hour, with its least capacity unit',
  natHour: 'a NAT gateway for an hour',
  trafficGb: 'a GB of traffic through balancer and NAT',
} as const;

const HOURS = 730;
const GB = 1e9;
/** Two for reading, of the smallest size that is of use. */
const API = { tasks: 2, vcpu: 0.25, gb: 0.5 } as const;
const BALANCERS = 2;
const CACHE_NODES = 2;
/** A publish of 100 bytes, its acknowledgement, and what TLS, TCP and IP add to both. */
const WIRE_BYTES = 400;
/** The sizes that Fargate has, with the least memory of each. */
const SIZES: readonly (readonly [vcpu: number, gbMin: number, gbMax: number])[] = [
  [0.25, 0.5, 2],
  [0.5, 1, 4],
  [1, 2, 8],
  [2, 4, 16],
  [4, 8, 30],
  [8, 16, 60],
  [16, 32, 120],
];

/** @throws RangeError beyond what one broker can do */
export function quantities({ sensors, intervalS }: Demand): Quantities {
  const perS = sensors / intervalS;
  const { brokerCpuUs, connectionBytes, labBytes, idleBytes, loadMax } = MEASURED;
  const broker = sizeFor(
    (perS * brokerCpuUs) / 1e6 / loadMax,
    (idleBytes + sensors * connectionBytes) / GB / loadMax,
  );
  return {
    brokerVcpuHours: broker.vcpu * HOURS,
    brokerGbHours: broker.gb * HOURS,
    apiVcpuHours: API.tasks * API.vcpu * HOURS,
    apiGbHours: API.tasks * API.gb * HOURS,
    cacheGbHours: ((CACHE_NODES * sensors * labBytes) / GB / loadMax) * HOURS,
    balancerHours: BALANCERS * HOURS,
    natHours: HOURS,
    trafficGb: (perS * WIRE_BYTES * HOURS * 3600) / GB,
  };
}

/** What that costs in a month. */
export function cost(of: Quantities, prices: Prices): number {
  return (
    (of.brokerVcpuHours + of.apiVcpuHours) * prices.fargateVcpuHour +
    (of.brokerGbHours + of.apiGbHours) * prices.fargateGbHour +
    of.cacheGbHours * prices.cacheGbHour +
    of.balancerHours * prices.balancerHour +
    of.natHours * prices.natHour +
    of.trafficGb * prices.trafficGb
  );
}

/** One process uses little more than a core, so the CPU beyond that is for memory only. */
function sizeFor(cores: number, gb: number): { vcpu: number; gb: number } {
  if (cores > 1)
    throw new RangeError(
      'one broker has no CPU for so many observations: use an external broker and workers',
    );
  const size = SIZES.find(([vcpu, , gbMax]) => vcpu >= cores && gbMax >= gb);
  if (size === undefined) throw new RangeError('one broker has no memory for so many connections');
  return { vcpu: size[0], gb: gb <= size[1] ? size[1] : Math.ceil(gb) };
}
