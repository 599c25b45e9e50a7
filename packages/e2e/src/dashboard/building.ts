import { type Random, randomOf } from '../random.js';

/** A made-up building, for pictures: what its labs are, and what they said in a week until a moment. */

interface Room {
  readonly id: string;
  readonly name: string;
  readonly group: string;
  /** °C and %RH about which it moves, and the limits that people gave it. */
  readonly temp: number;
  readonly humidity: number;
  readonly limits: readonly [tempMin: number, tempMax: number, humidityMin: number, humidityMax: number];
}

const ROOM = { temp: 21.2, humidity: 45, limits: [19, 24, 35, 60] } as const;
const KINDS: readonly (Pick<Room, 'name'> & Partial<Room>)[] = [
  { name: 'Library' },
  { name: 'Histology' },
  { name: 'Microscopy', temp: 20.8, limits: [19.5, 22.5, 35, 60] },
  { name: 'Cell culture', temp: 22.4, humidity: 48 },
  { name: 'Weighing', temp: 20.2, limits: [19, 21.5, 40, 60] },
  { name: 'Archive', temp: 18.4, humidity: 44, limits: [16, 20, 35, 50] },
  { name: 'Clean room', temp: 21, humidity: 45, limits: [20, 22.5, 40, 55] },
  { name: 'Cold store', temp: 5.2, humidity: 62, limits: [2, 8, 40, 80] },
  { name: 'Optics', temp: 21.5, humidity: 42 },
  { name: 'NMR', temp: 20.6 },
  { name: 'Preparation' },
  { name: 'Server room', temp: 23.6, humidity: 41, limits: [18, 27, 30, 60] },
];
const GROUPS = ['Cellar', 'Floor 1', 'Floor 2', 'Floor 3'];
const LABS_MAX = 47;
const HOUR_S = 3600;

export const ROOMS: readonly Room[] = GROUPS.flatMap((group) =>
  KINDS.map((kind) => ({
    ...ROOM,
    ...kind,
    id: `${group}/${kind.name}`.toLowerCase().replaceAll(' ', '-'),
    group,
  })),
).slice(0, LABS_MAX);

/** The labs file of the building; one more lab is listed that was never heard of. */
export function labsFile(): string {
  const lines = ROOMS.map(({ id, name, group, limits }) => [id, `${name}`, group, ...limits].join(','));
  lines.push('floor-3/attic,Attic,Floor 3,,,,');
  return `lab_id,name,group,temp_min,temp_max,humidity_min,humidity_max\n${lines.join('\n')}\n`;
}

/** Rows of a CSV for a week until `endS`: the last day each minute, the days before each five minutes. */
export function weekOf(endS: number): string {
  const random = randomOf(7);
  const lines = ['lab_id,timestamp,temp,humidity'];
  for (const room of ROOMS) for (const row of rowsOf(room, endS, random)) lines.push(`${room.id},${row}`);
  return `${lines.join('\n')}\n`;
}

function* rowsOf(room: Room, endS: number, random: Random): Generator<string> {
  const [swing, base, humid] = [
    0.2 + random() * 0.6,
    room.temp + random() - 0.5,
    room.humidity + random() * 6 - 3,
  ];
  let [drift, dampDrift] = [0, 0];
  for (let s = endS - 167 * HOUR_S; s <= endS; s += s > endS - 24 * HOUR_S ? 60 : 300) {
    drift = drift * 0.985 + (random() - 0.5) * 0.12;
    dampDrift = dampDrift * 0.985 + (random() - 0.5) * 0.7;
    const agoH = (endS - s) / HOUR_S;
    if (isSilent(room.id, agoH)) continue;
    const day = Math.sin(((s % 86_400) / 86_400) * 2 * Math.PI - 2.2);
    const temp = base + swing * day + drift + heatOf(room.id, agoH) + (random() - 0.5) * 0.5;
    const humidity = humid - 2 * day + dampDrift + dampOf(room.id, agoH) + (random() - 0.5) * 2.4;
    yield `${s},${temp.toFixed(2)},${Math.min(99, humidity).toFixed(1)}`;
  }
}

/** What happened in the building: a door left open, a cooling that failed, a sensor without a battery. */
function heatOf(id: string, agoH: number): number {
  if (id === 'floor-2/server-room') return agoH < 3 ? 4.6 * (1 - agoH / 3) : 0;
  if (id === 'floor-1/cold-store')
    return agoH < 9 && agoH > 7.5 ? 6 * Math.sin(((9 - agoH) / 1.5) * Math.PI) : 0;
  return id === 'floor-2/weighing' && agoH < 40 ? -1.9 : 0;
}

function dampOf(id: string, agoH: number): number {
  if (id === 'cellar/archive') return agoH < 14 ? 13 * Math.min(1, (14 - agoH) / 5) : 0;
  return id === 'floor-1/clean-room' && agoH > 20 && agoH < 23 ? -9 : 0;
}

function isSilent(id: string, agoH: number): boolean {
  if (id === 'floor-2/optics') return agoH < 5.2;
  return id === 'floor-3/nmr' && agoH > 11 && agoH < 14;
}
