/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
}

/** Lowest and highest. */
export function spread(values: readonly number[], format: (value: number) => string): string {
  return `${format(Math.min(...values))} – ${format(Math.max(...values))}`;
}

/** 1,234 */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** 1.23 ×, with more digits the smaller it is. */
export function times(ratio: number): string {
  return `${ratio.toFixed(ratio >= 10 ? 0 : ratio >= 1 ? 1 : 2)} ×`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** MiB with one decimal. */
export function mib(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1);
}

/** Rows under columns, in Markdown. */
export function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return line(columns) + line(columns.map(() => '---')) + rows.map(line).join('');
}
