import type { QuotaRow } from './quota-run.js';

const WIDTH = 560;
const HEIGHT = 300;
const LEFT = 56;
const RIGHT = 130;
const TOP = 20;
const BOTTOM = 44;

/** One line of the plot. */
export interface QuotaLine {
  readonly name: string;
  readonly colour: string;
  readonly rows: readonly QuotaRow[];
}

/** How many times as much is committed with more processes, as an SVG; dashed what would be in proportion. Both axes double. */
export function quotaPlot(lines: readonly QuotaLine[]): string {
  const most = Math.max(...lines.flatMap(({ rows }) => rows.map(({ count }) => count)));
  const x = (count: number) => LEFT + (Math.log2(count) / Math.log2(most)) * (WIDTH - LEFT - RIGHT);
  const y = (times: number) =>
    HEIGHT - BOTTOM - (Math.log2(times) / Math.log2(most)) * (HEIGHT - TOP - BOTTOM);
  const marks = Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, i) => 2 ** i);
  const timesOf = ({ count, ofProportional }: QuotaRow) => count * ofProportional;
  const path = (points: readonly (readonly [number, number])[]) =>
    points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${px.toFixed(1)} ${py.toFixed(1)}`).join('');
  const drawn = lines.flatMap(({ name, colour, rows }, i) => [
    `<path d="${path(rows.map((row) => [x(row.count), y(timesOf(row))]))}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...rows.map(
      (row) =>
        `<circle cx="${x(row.count).toFixed(1)}" cy="${y(timesOf(row)).toFixed(1)}" r="3.5" fill="${colour}"/>`,
    ),
    `<text x="${WIDTH - RIGHT + 14}" y="${y(timesOf(rows.at(-1)!)) + 4 + 16 * i}" fill="${colour}">${name}</text>`,
  ]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">`,
    '<title>How many times as much is committed with more workers, and with more Redis servers</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...marks.flatMap((mark) => [
      `<path d="M${x(mark).toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}M${LEFT} ${y(mark).toFixed(1)}H${WIDTH - RIGHT}" stroke="#e2e8e5"/>`,
      `<text x="${x(mark).toFixed(1)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#55655f">${mark}</text>`,
      `<text x="${LEFT - 8}" y="${(y(mark) + 4).toFixed(1)}" text-anchor="end" fill="#55655f">${mark} ×</text>`,
    ]),
    `<path d="M${x(1)} ${y(1)}L${x(most)} ${y(most)}" stroke="#98a6a0" stroke-dasharray="4 4"/>`,
    ...drawn,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle" fill="#55655f">processes, each held to a share of a core</text>`,
    '</svg>',
    '',
  ].join('\n');
}
