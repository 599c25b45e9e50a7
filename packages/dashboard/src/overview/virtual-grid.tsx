import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { words } from '../settings/settings.js';
import { type GridLayout, layoutOf, linesWithin } from './grid-layout.js';
import type { Section } from './rows.js';

interface VirtualGridProps {
  readonly sections: readonly Section[];
  readonly itemHeight: number;
  readonly itemWidthMin: number;
  readonly gap?: number;
  readonly render: (id: string) => JSX.Element;
}

const GAP = 8;
const HEADING_HEIGHT = 36;
/** Pixels above and below the window that are drawn too. */
const MARGIN = 400;

/** A grid of any number of items, of which only those in the window are in the document. */
export function VirtualGrid({ sections, itemHeight, itemWidthMin, gap = GAP, render }: VirtualGridProps) {
  const box = useRef<HTMLDivElement>(null);
  const columns = useSignal(0);
  const view = useSignal({ top: 0, bottom: 0 });
  useLayoutEffect(() => {
    const element = box.current!;
    const measure = () => {
      columns.value = Math.max(1, Math.floor((element.clientWidth + gap) / (itemWidthMin + gap)));
      const { top } = element.getBoundingClientRect();
      // In steps, so that most scrolling draws nothing.
      const step = itemHeight + gap;
      const from = Math.floor((-top - MARGIN) / step) * step;
      const to = Math.ceil((window.innerHeight - top + MARGIN) / step) * step;
      if (from !== view.value.top || to !== view.value.bottom) view.value = { top: from, bottom: to };
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    window.addEventListener('scroll', measure, { passive: true });
    window.addEventListener('resize', measure);
    return () => {
      observer.disconnect();
      window.removeEventListener('scroll', measure);
      window.removeEventListener('resize', measure);
    };
  }, [itemHeight, itemWidthMin]);
  const layout = useMemo(
    () => layoutOf(sections, columns.value, itemHeight + gap, HEADING_HEIGHT),
    [sections, columns.value, itemHeight],
  );
  return (
    <div class="virtual" ref={box} style={{ height: `${layout.height - gap}px` }}>
      {columns.value > 0 && (
        <Lines layout={layout} columns={columns.value} gap={gap} {...view.value} render={render} />
      )}
    </div>
  );
}

interface LinesProps {
  readonly layout: GridLayout;
  readonly columns: number;
  readonly gap: number;
  readonly top: number;
  readonly bottom: number;
  readonly render: (id: string) => JSX.Element;
}

function Lines({ layout, columns, gap, top, bottom, render }: LinesProps) {
  const lines = linesWithin(layout, top, bottom);
  return (
    <div
      class="virtual-lines"
      style={{
        transform: `translateY(${lines[0]?.y ?? 0}px)`,
        gap: `${gap}px`,
        gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
      }}
    >
      {lines.map(({ heading, ids }) =>
        heading === undefined ? (
          ids.map(render)
        ) : (
          <h2 key={`heading ${heading}`} class="group-heading">
            {heading === '' ? words.value.overview.noGroup : heading}
          </h2>
        ),
      )}
    </div>
  );
}
