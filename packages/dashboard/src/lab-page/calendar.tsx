import '../style/hours.css';
import type { LabLimits } from '../lab/limits.js';
import { words } from '../settings/settings.js';
import { parameter, setParameters } from '../shell/place.js';
import { DayCalendar } from './day-calendar.js';
import { HourCalendar } from './hour-calendar.js';

/** A lab as a calendar: the hours of two weeks, or the days of a year. */
export function Calendar(props: { readonly id: string; readonly limits: LabLimits }) {
  const { lab: said } = words.value;
  const isDays = parameter('calendar') === 'days';
  return (
    <section class="card calendar">
      <div class="card-head">
        <h2>{said.calendar}</h2>
        <fieldset class="segments">
          <legend class="sr">{said.calendar}</legend>
          <button type="button" aria-pressed={!isDays} onClick={() => setParameters({ calendar: undefined })}>
            {said.hours}
          </button>
          <button type="button" aria-pressed={isDays} onClick={() => setParameters({ calendar: 'days' })}>
            {said.days}
          </button>
        </fieldset>
      </div>
      {isDays ? <DayCalendar {...props} /> : <HourCalendar {...props} />}
    </section>
  );
}
