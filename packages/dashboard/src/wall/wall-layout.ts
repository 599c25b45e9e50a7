export interface WallLayout {
  readonly columns: number;
  readonly rows: number;
}

/** Tiles look best about so much wider than high. */
const ASPECT = 1.75;

/**
 * The columns and rows in which so many tiles fill a box best: as near to their best shape as can be, none smaller than
 * the least. Where they are too many for that, as many as fit: then the labs take turns.
 */
export function wallLayout(
  count: number,
  width: number,
  height: number,
  least: { readonly width: number; readonly height: number },
): WallLayout {
  const columnsMax = Math.max(1, Math.floor(width / least.width));
  const rowsMax = Math.max(1, Math.floor(height / least.height));
  let best: WallLayout = { columns: columnsMax, rows: rowsMax };
  let bestArea = 0;
  for (let columns = 1; columns <= columnsMax; columns++) {
    const rows = Math.ceil(count / columns);
    if (rows > rowsMax) continue;
    const [tileWidth, tileHeight] = [width / columns, height / rows];
    // What a tile can use of its place.
    const area = Math.min(tileWidth, tileHeight * ASPECT) ** 2;
    if (area > bestArea) {
      bestArea = area;
      best = { columns, rows };
    }
  }
  return best;
}

/**
 * How many labs each page of a wall shows, where they are more than fit: those in trouble are on every page, and the
 * others take turns, so that no page is nearly empty.
 */
export function wallTurns(
  labs: number,
  trouble: number,
  places: number,
): { readonly pages: number; readonly always: number; readonly inTurn: number } {
  if (labs <= places) return { pages: 1, always: labs, inTurn: 0 };
  const always = Math.min(trouble, Math.floor(places / 2));
  const pages = Math.ceil((labs - always) / (places - always));
  return { pages, always, inTurn: Math.ceil((labs - always) / pages) };
}
