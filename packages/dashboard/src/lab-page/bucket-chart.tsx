import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { fixed, inUnit } from '../format/measures.js';
import type { Limits } from '../lab/limits.js';
import type { Bucket, MetricName } from '../lab/series.js';
import { clockPlace, locale, theme, unit } from '../settings/settings.js';
import { chartData, MIN_SPAN, valueRange } from './chart-data.js';
import { timeLabels } from './time-labels.js';

interface BucketChartProps {
  readonly buckets: readonly Bucket[];
  readonly metric: MetricName;
  readonly limits: Limits;
  readonly fromMs: number;
  readonly toMs: number;
  readonly label: string;
  /** Another window was chosen with the pointer. */
  onWindow(fromMs: number, toMs: number): void;
  /** The bucket under the pointer; undefined: none. */
  onPoint(index: number | undefined): void;
}

const HEIGHT = 220;
/** How much of a colour lies over what is beyond a limit. */
const SHADE = 0.09;
/** Pointers of charts with the same key move together. */
const SYNC = 'lab';

/** A metric over time: a band from the lowest to the highest value of each bucket, its average, and the limits. */
export function BucketChart(props: BucketChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    const element = box.current!;
    // Everything it reads below is a reason to draw it anew: the zone, the language, the unit, the colours.
    const draw = () => {
      chart.current?.destroy();
      chart.current = new uPlot(
        options(element, () => latest.current),
        dataOf(latest.current),
        element,
      );
    };
    const stop = effect(() => {
      theme.value.value;
      clockPlace.value;
      unit.value.value;
      draw();
    });
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', draw);
    const observer = new ResizeObserver(() =>
      chart.current?.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    observer.observe(element);
    return () => {
      stop();
      observer.disconnect();
      dark.removeEventListener('change', draw);
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, []);
  useEffect(() => {
    chart.current?.setData(dataOf(props), false);
    chart.current?.setScale('x', { min: props.fromMs / 1000, max: props.toMs / 1000 });
  }, [props.buckets, props.fromMs, props.toMs, props.limits.min, props.limits.max]);
  return <div class="chart" ref={box} role="img" aria-label={props.label} />;
}

function dataOf({ buckets, metric }: BucketChartProps): uPlot.AlignedData {
  const scale = (value: number) => (metric === 'temp' ? inUnit(value, unit.value.value) : value);
  return chartData(buckets, metric, scale) as uPlot.AlignedData;
}

function options(element: HTMLElement, props: () => BucketChartProps): uPlot.Options {
  const { metric } = props();
  const colour = cssColours(element);
  const line = colour(metric === 'temp' ? '--temp-line' : '--humidity-line');
  const beyond: BeyondColours =
    metric === 'temp'
      ? { max: colour('--warm'), min: colour('--cold') }
      : { max: colour('--damp'), min: colour('--dry') };
  const steps = uPlot.paths.stepped!({ align: 1 });
  // Of a chart that is being moved: how far its window is from that of the page, in seconds.
  let movedS = 0;
  const inChartUnit = (value: number | undefined) =>
    value === undefined || metric === 'humidity' ? value : inUnit(value, unit.value.value);
  const limits = () => ({ min: inChartUnit(props().limits.min), max: inChartUnit(props().limits.max) });
  const axis: uPlot.Axis = {
    stroke: colour('--muted'),
    font: '12px "Inter Variable", system-ui, sans-serif',
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [10, 22, 0, 0],
    legend: { show: false },
    tzDate: (s) => uPlot.tzDate(new Date(s * 1000), clockPlace.value.zone),
    scales: {
      x: { time: true, range: () => [props().fromMs / 1000 + movedS, props().toMs / 1000 + movedS] },
      y: { range: (_, low, high) => valueRange(low, high, MIN_SPAN[metric], limits()) },
    },
    axes: [
      {
        ...axis,
        space: 70,
        size: 30,
        values: (_, splits, _axis, _space, step) => timeLabels(splits, step, clockPlace.value),
      },
      {
        ...axis,
        size: 52,
        values: (_, splits) => {
          const digits = splits.length > 1 && splits[1]! - splits[0]! < 1 ? 1 : 0;
          return splits.map((value) => fixed(value, digits, locale.value));
        },
      },
    ],
    series: [
      {},
      { paths: steps, stroke: 'transparent', width: 0, points: { show: false } },
      { paths: steps, stroke: 'transparent', width: 0, points: { show: false } },
      { paths: steps, stroke: line, width: 1.75, points: { show: false } },
    ],
    bands: [{ series: [2, 1], fill: translucent(line, 0.2) }],
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      sync: { key: SYNC, scales: ['x', null] },
      y: false,
      bind: {
        mousedown: (chart, _target, select) => (event) => {
          if (!event.shiftKey) return select(event);
          followPointer(chart, event, (shiftS) => {
            movedS = shiftS;
            chart.setScale('x', { min: props().fromMs / 1000 + shiftS, max: props().toMs / 1000 + shiftS });
          }).then(() => {
            const { fromMs, toMs } = props();
            const shiftMs = movedS * 1000;
            movedS = 0;
            if (shiftMs !== 0) props().onWindow(fromMs + shiftMs, toMs + shiftMs);
          });
          return null;
        },
      },
    },
    hooks: {
      drawClear: [(chart) => shadeLimits(chart, limits(), beyond)],
      drawAxes: [(chart) => drawLimits(chart, limits(), beyond)],
      setSelect: [
        (chart) => {
          const { left, width } = chart.select;
          if (width < 5) return;
          const [from, to] = [chart.posToVal(left, 'x'), chart.posToVal(left + width, 'x')];
          chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          props().onWindow(from * 1000, to * 1000);
        },
      ],
      setCursor: [(chart) => props().onPoint(chart.cursor.idx ?? undefined)],
    },
  };
}

/** Calls back with how far the pointer has taken a chart, in seconds, until it is let go of. */
function followPointer(chart: uPlot, from: MouseEvent, onMove: (shiftS: number) => void): Promise<void> {
  const sPerPixel = chart.posToVal(1, 'x') - chart.posToVal(0, 'x');
  const move = ({ clientX }: MouseEvent) => onMove((from.clientX - clientX) * sPerPixel);
  document.addEventListener('mousemove', move);
  return new Promise((resolve) => {
    const end = () => {
      document.removeEventListener('mousemove', move);
      resolve();
    };
    document.addEventListener('mouseup', end, { once: true });
  });
}

/** The colours of being above the one and below the other. */
type BeyondColours = Readonly<Record<'min' | 'max', string>>;

/** Shades what lies beyond the limits. */
function shadeLimits({ ctx, bbox, valToPos }: uPlot, { min, max }: Limits, colours: BeyondColours): void {
  const bottom = bbox.top + bbox.height;
  const y = (value: number) => Math.min(bottom, Math.max(bbox.top, valToPos(value, 'y', true)));
  ctx.fillStyle = translucent(colours.max, SHADE);
  if (max !== undefined) ctx.fillRect(bbox.left, bbox.top, bbox.width, y(max) - bbox.top);
  ctx.fillStyle = translucent(colours.min, SHADE);
  if (min !== undefined) ctx.fillRect(bbox.left, y(min), bbox.width, bottom - y(min));
}

/** Draws the limits that lie within the chart, above its grid. */
function drawLimits({ ctx, bbox, valToPos }: uPlot, limits: Limits, colours: BeyondColours): void {
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const side of ['min', 'max'] as const) {
    const limit = limits[side];
    ctx.strokeStyle = colours[side];
    const y = limit === undefined ? -1 : Math.round(valToPos(limit, 'y', true)) + 0.5;
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

function cssColours(element: Element): (name: string) => string {
  const style = getComputedStyle(element);
  return (name) => style.getPropertyValue(name).trim();
}

/** A colour of six hex digits with an alpha. */
function translucent(colour: string, alpha: number): string {
  return `${colour}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0')}`;
}
