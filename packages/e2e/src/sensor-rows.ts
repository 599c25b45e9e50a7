import { randomOf } from './random.js';

/** Rows of a CSV as sensors would have produced it, and what they must come to, computed in another way. */

/** Values as decimal texts, as they stand in the file. */
export interface SensorRow {
  readonly lab: string;
  readonly timestampS: number;
  readonly temp: string;
  readonly humidity: string;
}

/**
 * Wireless nodes that report once a minute, with what radio does: gaps, and now and then a row sent twice.
 * The same seed gives the same rows.
 */
export function sensorRows(labs: number, minutes: number, endS: number, seed = 1): SensorRow[] {
  const random = randomOf(seed);
  const rows: SensorRow[] = [];
  for (let minute = 0; minute < minutes; minute++)
    for (let lab = 1; lab <= labs; lab++) {
      if (random() < 0.03) continue;
      const row = {
        lab: `library-${lab}`,
        timestampS: endS - (minutes - 1 - minute) * 60,
        temp: (20 + lab / 10 + random() * 3).toFixed(2),
        humidity: (40 + random() * 20).toFixed(2),
      };
      rows.push(row);
      if (random() < 0.002) rows.push(row);
    }
  return rows;
}

export function csvOf(rows: readonly SensorRow[]): string {
  const lines = rows.map((row) => `${row.lab},${row.timestampS},${row.temp},${row.humidity}`);
  return `lab_id,timestamp,temp,humidity\n${lines.join('\n')}\n`;
}

/** Of one lab: how many different observations, and their exact averages. */
export interface Expected {
  readonly observations: number;
  readonly avgTemp: number;
  readonly avgHumidity: number;
}

/** What must be counted of rows within [fromS, toS): texts as identities, sums of BigInt hundredths. */
export function expectedByLab(rows: readonly SensorRow[], fromS: number, toS: number): Map<string, Expected> {
  const distinct = new Map<string, Map<string, SensorRow>>();
  for (const row of rows) {
    if (row.timestampS < fromS || row.timestampS >= toS) continue;
    const ofLab = distinct.get(row.lab) ?? new Map<string, SensorRow>();
    ofLab.set(`${row.timestampS} ${row.temp} ${row.humidity}`, row);
    distinct.set(row.lab, ofLab);
  }
  const expected = new Map<string, Expected>();
  for (const [lab, ofLab] of distinct) {
    let [temp, humidity] = [0n, 0n];
    for (const row of ofLab.values()) {
      temp += hundredths(row.temp);
      humidity += hundredths(row.humidity);
    }
    expected.set(lab, {
      observations: ofLab.size,
      avgTemp: Number(temp) / (ofLab.size * 100),
      avgHumidity: Number(humidity) / (ofLab.size * 100),
    });
  }
  return expected;
}

function hundredths(decimal: string): bigint {
  const [whole = '', fraction = ''] = decimal.split('.');
  return BigInt(whole + fraction.padEnd(2, '0'));
}
