/** Arrow keys go from cell to cell: within a row marked `data-row`, and to the same place in the one above or below. */
export function moveByArrows(event: KeyboardEvent): void {
  const cell = event.target as Element;
  const row = cell.closest('[data-row]');
  if (row === null || !cell.matches('.cell')) return;
  const place = cellsOf(row).indexOf(cell);
  const next = target(event.key, row, place);
  if (!(next instanceof HTMLElement)) return;
  event.preventDefault();
  next.focus();
}

function target(key: string, row: Element, place: number): Element | undefined {
  if (key === 'ArrowLeft') return cellsOf(row)[place - 1];
  if (key === 'ArrowRight') return cellsOf(row)[place + 1];
  if (key === 'Home') return cellsOf(row)[0];
  if (key === 'End') return cellsOf(row).at(-1);
  const other =
    key === 'ArrowUp' ? row.previousElementSibling : key === 'ArrowDown' ? row.nextElementSibling : null;
  return other === null ? undefined : cellsOf(other)[place];
}

function cellsOf(row: Element): Element[] {
  return [...row.querySelectorAll('.cell')];
}
