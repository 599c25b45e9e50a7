import { median } from '../figures.js';
import type { Report, Scenario } from '../scenario.js';
import { jsonParse, throughIntake, throughSource } from './ways.js';
import { PAYLOADS, publishesOf } from './zigbee-payloads.js';

const SIZES = {
  normal: { publishes: 20_000, rounds: 40 },
  short: { publishes: 20_000, rounds: 20 },
  smoke: { publishes: 2000, rounds: 2 },
};
const WAYS = { parse: jsonParse, source: throughSource, intake: throughIntake };

interface Line {
  readonly name: string;
  readonly bytes: number;
  /** CPU of a publish in each round. */
  readonly us: Readonly<Record<keyof typeof WAYS, readonly number[]>>;
}

async function lineOf(name: keyof typeof PAYLOADS, count: number, rounds: number): Promise<Line> {
  const publishes = publishesOf(name);
  const us = { parse: [] as number[], source: [] as number[], intake: [] as number[] };
  const works = (Object.keys(WAYS) as (keyof typeof WAYS)[]).map((way) => ({
    way,
    work: WAYS[way](publishes),
  }));
  for (let round = 0; round < rounds; round++)
    for (const { way, work } of works) {
      const before = process.cpuUsage();
      await work(count);
      const { user, system } = process.cpuUsage(before);
      us[way].push((user + system) / count);
    }
  return { name, bytes: publishes[0]!.payload.length, us };
}

/** What a table of a preset costs for one publish, beside what parsing its payload would cost. */
export const mapped: Scenario = {
  name: 'mapped',
  summary: 'CPU of reading what zigbee2mqtt publishes, as a multiple of JSON.parse of the same bytes',
  async run({ size, rounds: wanted }): Promise<Report> {
    const { publishes: count, rounds: usual } = SIZES[size];
    const rounds = wanted ?? usual;
    const lines: Line[] = [];
    for (const name of Object.keys(PAYLOADS) as (keyof typeof PAYLOADS)[])
      lines.push(await lineOf(name, count, rounds));
    return {
      title: `mapped: zigbee2mqtt, 1,000 devices, ${count} publishes at a time; median of ${rounds} by turns`,
      columns: [
        'payload',
        'bytes',
        'JSON.parse, CPU µs',
        'its table, into a batch, µs',
        'against JSON.parse',
        'topic, table, ledger, batch, µs',
        'against JSON.parse',
      ],
      rows: lines.map(({ name, bytes, us }) => {
        const [parse, source, intake] = [median(us.parse), median(us.source), median(us.intake)];
        return [
          name,
          String(bytes),
          parse.toFixed(3),
          source.toFixed(3),
          `${(source / parse).toFixed(2)} ×`,
          intake.toFixed(3),
          `${(intake / parse).toFixed(2)} ×`,
        ];
      }),
      notes: [],
      failures: [],
      figures: lines,
    };
  },
};
