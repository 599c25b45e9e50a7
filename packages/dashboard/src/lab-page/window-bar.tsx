import { useState } from 'preact/hooks';
import { instantOf, wallClock } from '../format/moments.js';
import { words, zone } from '../settings/settings.js';
import { moved, SPANS, type Span, type TimeWindow, timeWindow, zoomed } from './time-window.js';

interface WindowBarProps {
  readonly window: TimeWindow;
  readonly nowMs: number;
  onShow(next: TimeWindow): void;
}

/** Chooses what the charts show: spans that end now, steps and zooms, or any two times. */
export function WindowBar({ window, nowMs, onShow }: WindowBarProps) {
  const { lab } = words.value;
  return (
    <div class="window-bar">
      <fieldset class="segments">
        <legend class="sr">{lab.span}</legend>
        {(Object.keys(SPANS) as Span[]).map((span) => (
          <button
            key={span}
            type="button"
            aria-pressed={window.span === span}
            onClick={() => onShow(timeWindow({ span }, nowMs))}
          >
            {lab.spans[span]}
          </button>
        ))}
      </fieldset>
      <fieldset class="segments">
        <button
          type="button"
          aria-label={lab.earlier}
          title={lab.earlier}
          onClick={() => onShow(moved(window, -0.5, nowMs))}
        >
          ◀
        </button>
        <button
          type="button"
          aria-label={lab.zoomIn}
          title={lab.zoomIn}
          onClick={() => onShow(zoomed(window, 0.5, nowMs))}
        >
          +
        </button>
        <button
          type="button"
          aria-label={lab.zoomOut}
          title={lab.zoomOut}
          onClick={() => onShow(zoomed(window, 2, nowMs))}
        >
          −
        </button>
        <button
          type="button"
          aria-label={lab.later}
          title={lab.later}
          disabled={window.toMs >= nowMs}
          onClick={() => onShow(moved(window, 0.5, nowMs))}
        >
          ▶
        </button>
      </fieldset>
      <WindowFields {...{ window, onShow }} />
    </div>
  );
}

/** Both ends as fields, in the time zone of the page. Shared with the ranges of the table. */
export function WindowFields({ window, onShow }: Pick<WindowBarProps, 'window' | 'onShow'>) {
  const { lab } = words.value;
  const [draft, setDraft] = useState<{ from?: string; to?: string }>({});
  const place = zone.value.value;
  const from = draft.from ?? wallClock(window.fromMs, place);
  const to = draft.to ?? wallClock(window.toMs, place);
  const use = (next: { from: string; to: string }) => {
    const [fromMs, toMs] = [next.from, next.to].map((text) => instantOf(Date.parse(`${text}Z`), place)) as [
      number,
      number,
    ];
    setDraft(fromMs < toMs ? {} : next);
    if (fromMs < toMs) onShow({ span: undefined, fromMs, toMs });
  };
  return (
    <fieldset class="window-fields">
      <label>
        <span>{lab.from}</span>
        <input
          type="datetime-local"
          value={from}
          onChange={(e) => use({ from: e.currentTarget.value, to })}
        />
      </label>
      <label>
        <span>{lab.to}</span>
        <input type="datetime-local" value={to} onChange={(e) => use({ from, to: e.currentTarget.value })} />
      </label>
    </fieldset>
  );
}
