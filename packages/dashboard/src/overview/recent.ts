import { type Signal, signal } from '@preact/signals';
import { get } from '../api/client.js';
import { idChunks } from '../api/id-chunks.js';
import { backgroundReads } from '../api/queue.js';
import { now, service } from '../live/live-labs.js';

/** The averages of a bucket; `null` without any. */
export interface RecentPoint {
  readonly temp: number | null;
  readonly humidity: number | null;
}

interface Recent {
  readonly points: Signal<readonly RecentPoint[]>;
  readMs: number;
}

const SPAN_S = 86_400;
const POINTS_MAX = 100;
const FRESH_MS = 5 * 60_000;
const LABS_MAX = 100;
/** Tiles that come into view together are asked for together. */
const GATHER_MS = 30;

const recents = new Map<string, Recent>();
let waiting: string[] = [];

/** The last day of a lab, oldest first; empty until it is read. Read again, while it is asked for, when it is old. */
export function recentOf(id: string, nowMs: number): readonly RecentPoint[] {
  let recent = recents.get(id);
  if (recent === undefined) {
    recent = { points: signal([]), readMs: -Infinity };
    recents.set(id, recent);
  }
  if (service.value !== undefined && nowMs - recent.readMs > FRESH_MS) {
    recent.readMs = nowMs;
    if (waiting.length === 0) setTimeout(readWaiting, GATHER_MS);
    waiting.push(id);
  }
  return recent.points.value;
}

function readWaiting(): void {
  const ids = waiting;
  waiting = [];
  for (const some of idChunks(ids, LABS_MAX)) void backgroundReads.run(() => read(some));
}

async function read(ids: readonly string[]): Promise<void> {
  const { resolutions } = service.peek()!;
  const resolution =
    resolutions.find(({ duration_s, kept_s }) => kept_s >= SPAN_S && SPAN_S / duration_s <= POINTS_MAX) ??
    resolutions.at(-1)!;
  const from = Math.floor(now.peek() / 1000) - SPAN_S + resolution.duration_s;
  try {
    const query = { labs: ids.join(), from, resolution: resolution.resolution };
    const { labs } = await get('/lab-series', query);
    for (const { lab_id, temp, humidity } of labs) {
      const recent = recents.get(lab_id);
      if (recent !== undefined)
        recent.points.value = temp.avg.map((value, i) => ({
          temp: value,
          humidity: humidity.avg[i] ?? null,
        }));
    }
  } catch {
    // A tile without its line is still right; it is read again later.
  }
}
