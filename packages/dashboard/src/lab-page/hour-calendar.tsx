import { get } from '../api/client.js';
import { moment, startOfDay } from '../format/moments.js';
import { type ColourMode, scaleOf } from '../hours/cell-colour.js';
import { moveByArrows } from '../hours/cell-keys.js';
import { HourCell } from '../hours/hour-cell.js';
import { Legend } from '../hours/legend.js';
import { hasLimits, type LabLimits, limitsText } from '../lab/limits.js';
import { now, service } from '../live/live-labs.js';
import { clockPlace, zone } from '../settings/settings.js';
import { useLoaded } from '../shell/use-loaded.js';

const DAYS_MAX = 14;
const HOUR_S = 3600;
const REFRESH_MS = 60_000;

/** The hours of a lab: days down, hours across, as its resolution of an hour keeps them. */
export function HourCalendar({ id, limits }: { readonly id: string; readonly limits: LabLimits }) {
  const hours = service.value?.resolutions.find(({ duration_s }) => duration_s === HOUR_S);
  const days = Math.min(DAYS_MAX, Math.floor((hours?.kept_s ?? 0) / 86_400));
  const todayMs = startOfDay(now.value, zone.value.value);
  const fromMs = startOfDay(now.value, zone.value.value, 1 - days);
  const query = {
    from: Math.floor(fromMs / 1000),
    resolution: '1h',
    temp: limitsText(limits.temp),
    humidity: limitsText(limits.humidity),
  };
  const loaded = useLoaded(
    days === 0 ? undefined : JSON.stringify([id, query]),
    (signal) => get('/labs/{lab_id}/buckets', query, { labId: id, signal }),
    REFRESH_MS,
  );
  if (days === 0 || loaded.value === undefined) return null;
  const byStart = new Map(loaded.value.buckets.map((bucket) => [Date.parse(bucket.start), bucket]));
  const mode: ColourMode = hasLimits(limits.temp) || hasLimits(limits.humidity) ? 'range' : 'temp';
  const scale = scaleOf(loaded.value.buckets.map(({ temp }) => temp?.avg ?? null));
  const rows = Array.from({ length: days }, (_, i) => startOfDay(todayMs, zone.value.value, -i));
  return (
    <>
      <div class="scroll">
        <table class="hour-table" onKeyDown={moveByArrows}>
          <thead>
            <tr>
              <td />
              {Array.from({ length: 24 }, (_, hour) => (
                <th key={hour} scope="col">
                  {hour % 3 === 0 ? String(hour).padStart(2, '0') : ''}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((dayMs) => {
              const endMs = startOfDay(dayMs, zone.value.value, 1);
              const starts: number[] = [];
              for (let ms = dayMs; ms < endMs; ms += HOUR_S * 1000) starts.push(ms);
              return (
                <tr key={dayMs} data-row>
                  <th scope="row">{moment(dayMs, 'day', clockPlace.value)}</th>
                  {starts.map((startMs, i) => (
                    <td key={startMs}>
                      {startMs <= now.value && (
                        <HourCell
                          id={id}
                          name={id}
                          startMs={startMs}
                          bucket={byStart.get(Math.floor(startMs / (HOUR_S * 1000)) * HOUR_S * 1000)}
                          mode={mode}
                          scale={scale}
                          tabIndex={i === 0 ? 0 : -1}
                        />
                      )}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <Legend mode={mode} scale={scale} />
    </>
  );
}
