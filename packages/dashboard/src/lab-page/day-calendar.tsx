import { get } from '../api/client.js';
import { moment, startOfDay, weekdayOf } from '../format/moments.js';
import { type ColourMode, scaleOf } from '../hours/cell-colour.js';
import { moveByArrows } from '../hours/cell-keys.js';
import { HourCell } from '../hours/hour-cell.js';
import { Legend } from '../hours/legend.js';
import { hasLimits, type LabLimits, limitsText } from '../lab/limits.js';
import { now, service } from '../live/live-labs.js';
import { clockPlace, words, zone } from '../settings/settings.js';
import { FailureNote } from '../shell/failure-note.js';
import { useLoaded } from '../shell/use-loaded.js';
import { localDaysKept } from './local-days.js';

const WEEKS_MAX = 53;
const WEEKS_MIN = 10;
const REFRESH_MS = 600_000;
/** A week in which a month begins is that month's. */
const LAST_DAY = 6;

/** The days of a lab as a calendar: weeks across, days of the week down, as the clock of the page has them. */
export function DayCalendar({ id, limits }: { readonly id: string; readonly limits: LabLimits }) {
  const place = clockPlace.value;
  const todayMs = startOfDay(now.value, place.zone);
  // Weeks begin on Monday.
  const thisWeekMs = startOfDay(todayMs, place.zone, -weekdayOf(todayMs, place.zone));
  const resolutions = service.value?.resolutions;
  const days = localDaysKept(resolutions ?? [], place.zone, now.value);
  const fromMs = Math.max(
    startOfDay(thisWeekMs, place.zone, -7 * (WEEKS_MAX - 1)),
    startOfDay(todayMs, place.zone, -days),
  );
  const query = {
    from: fromMs / 1000,
    tz: zone.value.value,
    resolution: '1d',
    temp: limitsText(limits.temp),
    humidity: limitsText(limits.humidity),
  };
  const loaded = useLoaded(
    resolutions && JSON.stringify([id, query]),
    (signal) => get('/labs/{lab_id}/buckets', query, { labId: id, signal }),
    REFRESH_MS,
  );
  const buckets = loaded.value?.buckets ?? [];
  const byStart = new Map(buckets.map((bucket) => [Date.parse(bucket.start), bucket]));
  const mode: ColourMode = hasLimits(limits.temp) || hasLimits(limits.humidity) ? 'range' : 'temp';
  const scale = scaleOf(buckets.map(({ temp }) => temp?.avg ?? null));
  const firstMs = Math.min(
    ...buckets.filter((one) => one.observations > 0).map((one) => Date.parse(one.start)),
  );
  const weeks = weekStarts(thisWeekMs, firstMs, place.zone);
  return (
    <>
      <FailureNote of={loaded} />
      <div class="scroll">
        <table class="hour-table day-table" onKeyDown={moveByArrows}>
          <thead>
            <tr>
              <td />
              {weeks.map((weekMs, i) => (
                <th key={weekMs} scope="col">
                  {monthBegins(weekMs, weeks[i - 1], place.zone)
                    ? moment(startOfDay(weekMs, place.zone, LAST_DAY), 'monthName', place)
                    : ''}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: 7 }, (_, day) => (
              <tr key={day} data-row>
                <th scope="row">{moment(startOfDay(thisWeekMs, place.zone, day), 'weekday', place)}</th>
                {weeks.map((weekMs, week) => {
                  const startMs = startOfDay(weekMs, place.zone, day);
                  return (
                    <td key={startMs}>
                      {startMs <= now.value && (
                        <HourCell
                          id={id}
                          name={words.value.hours.day}
                          startMs={startMs}
                          endMs={startOfDay(startMs, place.zone, 1)}
                          bucket={byStart.get(startMs)}
                          mode={mode}
                          scale={scale}
                          tabIndex={week === 0 ? 0 : -1}
                        />
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Legend mode={mode} scale={scale} />
    </>
  );
}

/** The weeks since the first day with data, and some before where there are few. */
function weekStarts(thisWeekMs: number, firstMs: number, place: string): readonly number[] {
  const starts: number[] = [];
  for (let week = 0; week < WEEKS_MAX; week++) {
    const ms = startOfDay(thisWeekMs, place, -7 * week);
    if (week >= WEEKS_MIN && startOfDay(ms, place, 7) <= firstMs) break;
    starts.push(ms);
  }
  return starts.reverse();
}

/** Whether another month begins in a week than in the one before. */
function monthBegins(weekMs: number, beforeMs: number | undefined, place: string): boolean {
  const month = (ms: number) =>
    moment(startOfDay(ms, place, LAST_DAY), 'monthName', { locale: 'en', zone: place });
  return beforeMs === undefined || month(weekMs) !== month(beforeMs);
}
