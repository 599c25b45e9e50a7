/** Ids stand in the URL of a request, of which some proxies take 8 KB. */
const URL_CHARS_MAX = 6000;

/** Ids in lists that are short enough for a URL each. */
export function idChunks(ids: readonly string[], idsMax: number): readonly (readonly string[])[] {
  const chunks: string[][] = [];
  let chars = Infinity;
  for (const id of ids) {
    const length = encodeURIComponent(id).length + '%2C'.length;
    const last =
      chars + length > URL_CHARS_MAX || chunks.at(-1)!.length >= idsMax ? undefined : chunks.at(-1);
    if (last === undefined) {
      chunks.push([id]);
      chars = length;
    } else {
      last.push(id);
      chars += length;
    }
  }
  return chunks;
}
