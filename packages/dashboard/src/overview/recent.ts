import { type Signal, signal } from '@preact/signals';
import { get } from '../api/client.js';
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

const recents = new Map<string, Recent>();

/** The last day of a lab, oldest first; empty until it is read. Read again, while it is asked for, when it is old. */
export function recentOf(id: string): readonly RecentPoint[] {
  let recent = recents.get(id);
  if (recent === undefined) {
    recent = { points: signal([]), readMs: -Infinity };
    recents.set(id, recent);
  }
  if (service.value !== undefined && now.value - recent.readMs > FRESH_MS) {
    recent.readMs = now.value;
    void backgroundReads.run(() => read(id));
  }
  return recent.points.value;
}

async function read(id: string): Promise<void> {
  const { resolutions } = service.value!;
  const resolution =
    resolutions.find(({ duration_s, kept_s }) => kept_s >= SPAN_S && SPAN_S / duration_s <= POINTS_MAX) ??
    resolutions.at(-1)!;
  const from = Math.floor(now.value / 1000) - SPAN_S + resolution.duration_s;
  try {
    const { buckets } = await get(
      '/labs/{lab_id}/buckets',
      { from, resolution: resolution.resolution },
      { labId: id },
    );
    recents.get(id)!.points.value = buckets.map(({ temp, humidity }) => ({
      temp: temp?.avg ?? null,
      humidity: humidity?.avg ?? null,
    }));
  } catch {
    // A tile without its line is still right; it is read again later.
  }
}
