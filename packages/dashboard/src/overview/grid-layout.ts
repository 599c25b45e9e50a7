/** A line of a grid: items, or the heading of those below. */
export interface GridLine {
  /** Pixels from the top. */
  readonly y: number;
  readonly height: number;
  readonly heading: string | undefined;
  readonly ids: readonly string[];
}

export interface GridLayout {
  readonly lines: readonly GridLine[];
  readonly height: number;
}

/** Where each line of a grid stands. A section without a title has no heading if it is the only one. */
export function layoutOf(
  sections: readonly { readonly title: string; readonly ids: readonly string[] }[],
  columns: number,
  lineHeight: number,
  headingHeight: number,
): GridLayout {
  const lines: GridLine[] = [];
  let y = 0;
  const add = (height: number, heading: string | undefined, ids: readonly string[]) => {
    lines.push({ y, height, heading, ids });
    y += height;
  };
  if (columns < 1) return { lines, height: 0 };
  for (const { title, ids } of sections) {
    if (title !== '' || sections.length > 1) add(headingHeight, title, []);
    for (let i = 0; i < ids.length; i += columns) add(lineHeight, undefined, ids.slice(i, i + columns));
  }
  return { lines, height: y };
}

/** The lines of which any part lies in [top, bottom). */
export function linesWithin({ lines }: GridLayout, top: number, bottom: number): readonly GridLine[] {
  const first = firstIndex(lines, ({ y, height }) => y + height > top);
  const end = firstIndex(lines, ({ y }) => y >= bottom);
  return lines.slice(first, end);
}

/** The first of which something holds that holds of all behind it too. */
function firstIndex(lines: readonly GridLine[], holds: (line: GridLine) => boolean): number {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(lines[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
