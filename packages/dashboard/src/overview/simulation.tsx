import { type Answer, ask, get } from '../api/client.js';
import { moment } from '../format/moments.js';
import { now } from '../live/live-labs.js';
import { clockPlace, words } from '../settings/settings.js';
import { FailureNote } from '../shell/failure-note.js';
import { useLoaded } from '../shell/use-loaded.js';

const EVERY_MS = 10_000;

/** Starts made-up labs, where the service offers that to this browser. */
export function StartSimulation() {
  const { empty } = words.value;
  const simulation = useSimulation();
  if (!simulation.isOffered) return null;
  return (
    <div class="simulation">
      <button type="button" class="primary" onClick={() => simulation.let(true)}>
        {empty.start}
      </button>
      <p class="hint">{empty.startHint}</p>
      <FailureNote of={simulation} />
    </div>
  );
}

/** Says that labs are made up as long as they are, with a way to end it. */
export function SimulationNotice() {
  const { empty } = words.value;
  const simulation = useSimulation();
  const { endsMs } = simulation;
  if (endsMs === undefined || endsMs < now.value) return null;
  return (
    <p class="simulation-notice" role="status">
      {empty.simulated(moment(endsMs, 'time', clockPlace.value))}{' '}
      {simulation.isOffered && (
        <button type="button" onClick={() => simulation.let(false)}>
          {empty.stop}
        </button>
      )}
    </p>
  );
}

function useSimulation() {
  const loaded = useLoaded('simulation', (signal) => get('/simulation', {}, { signal }), EVERY_MS);
  const state: Answer<'/simulation'> | undefined = loaded.value;
  return {
    isOffered: state?.offered ?? false,
    endsMs: state?.ends_at ? Date.parse(state.ends_at) : undefined,
    failure: loaded.failure,
    again: loaded.again,
    let: async (running: boolean) => {
      await ask('/simulation', { method: 'POST', body: JSON.stringify({ running }) }).catch(() => {});
      loaded.again();
    },
  };
}
