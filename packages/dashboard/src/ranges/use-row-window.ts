import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** So many rows are drawn all: they can be searched by the browser, and printed. */
const ALL_MAX = 400;
/** Else so many of them about the window, in steps, so that most scrolling draws nothing. */
const DRAWN = 200;
const ABOVE = 60;
const STEP = 50;

/** The rows [from, to) are drawn; the others are as much room. */
export interface RowWindow {
  readonly from: number;
  readonly to: number;
  readonly abovePx: number;
  readonly belowPx: number;
}

/**
 * Which rows of a long table to draw. To draw thousands of them holds up the page.
 * @param from the row at the top of the window.
 */
export function rowWindow(total: number, from: number, rowPx: number): RowWindow {
  if (total <= ALL_MAX) return { from: 0, to: total, abovePx: 0, belowPx: 0 };
  const wanted = Math.floor((from - ABOVE) / STEP) * STEP;
  const first = Math.max(0, Math.min(wanted, total - DRAWN));
  const to = first + DRAWN;
  return { from: first, to, abovePx: first * rowPx, belowPx: (total - to) * rowPx };
}

/** Follows the window over the rows in the body of a table. */
export function useRowWindow(total: number) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [view, setView] = useState({ top: 0, rowPx: 32 });
  const shown = rowWindow(total, view.top, view.rowPx);
  useLayoutEffect(() => {
    if (total <= ALL_MAX) return;
    const look = () => {
      const row = body.current!.querySelector('[data-lab]');
      if (row === null) return;
      const rowPx = row.getBoundingClientRect().height;
      const top = Math.floor(-body.current!.getBoundingClientRect().top / rowPx / STEP) * STEP;
      setView((last) => (last.top === top && last.rowPx === rowPx ? last : { top, rowPx }));
    };
    look();
    window.addEventListener('scroll', look, { passive: true });
    window.addEventListener('resize', look);
    return () => {
      window.removeEventListener('scroll', look);
      window.removeEventListener('resize', look);
    };
  }, [total]);
  return { body, ...shown };
}
