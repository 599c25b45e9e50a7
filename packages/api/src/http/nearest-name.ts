const LENGTH_MAX = 50;

/** The name that a text most likely stands for; undefined if none is near: more than a third of it would be wrong. */
export function nearest(text: string, names: readonly string[]): string | undefined {
  if (text.length > LENGTH_MAX) return undefined;
  const given = text.toLowerCase();
  let best: string | undefined;
  let fewest = Math.max(1, Math.floor(given.length / 3)) + 1;
  for (const name of names) {
    const edits = editsBetween(given, name.toLowerCase());
    if (edits >= fewest) continue;
    best = name;
    fewest = edits;
  }
  return best;
}

/** Letters to add, remove, replace or swap with the next one (optimal string alignment). */
function editsBetween(a: string, b: string): number {
  let [before, previous] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let edits = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        edits = Math.min(edits, before[j - 2]! + 1);
      row.push(edits);
    }
    [before, previous] = [previous, row];
  }
  return previous[b.length]!;
}
