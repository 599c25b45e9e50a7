import type { Explanation } from './explain.js';

const VALUE_LENGTH_MAX = 30;

/** An explanation as lines to be printed. */
export function explanationText(explanation: Explanation): string {
  const { fate, observations, rejections, events, fields, hints } = explanation;
  const lines: string[] = [];
  if (observations.length > 0) {
    lines.push('counted');
    for (const { lab, sensor, temp, humidity, timestampMs } of observations) {
      const values = [
        temp === undefined ? '' : `${temp} °C`,
        humidity === undefined ? '' : `${humidity} %RH`,
      ];
      const time = timestampMs === undefined ? 'at receipt' : new Date(timestampMs).toISOString();
      const where = sensor === '' ? `lab ${lab}` : `lab ${lab}, sensor ${sensor}`;
      lines.push(`  ${where}: ${values.filter((value) => value !== '').join(', ')}, ${time}`);
    }
  } else lines.push(fate === 'ignored' ? 'ignored: nothing is counted, and nothing is wrong' : 'rejected');
  if (rejections.length > 0) lines.push(`rejected: ${rejections.join(', ')}`);
  const noted = Object.entries(events).map(([event, count]) => `${event} ${count}`);
  if (noted.length > 0) lines.push(`noted: ${noted.join(', ')}`);
  if (fields.length > 0) lines.push('fields');
  const width = Math.min(40, Math.max(0, ...fields.map(({ path }) => path.length)));
  for (const { path, value, role, outcome } of fields) {
    const what = role === undefined ? '–' : outcome === '' ? role : `${role}: ${outcome}`;
    lines.push(`  ${path.padEnd(width)}  ${shown(value).padEnd(12)}  ${what}`);
  }
  if (hints.length > 0) lines.push('hints', ...hints.map((hint) => `  ${hint}`));
  return lines.join('\n');
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX - 1)}…` : text;
}
