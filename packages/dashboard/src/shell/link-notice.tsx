import { link, retryLive } from '../live/live-labs.js';
import { words } from '../settings/settings.js';

/** Says what it means that nothing current is shown. */
export function LinkNotice() {
  const { live } = words.value;
  const { state } = link.value;
  if (state !== 'lost' && state !== 'store_down') return null;
  return (
    <div class="notice" role="alert">
      <p>{state === 'lost' ? live.lostDetail : live.storeDetail}</p>
      <button type="button" onClick={retryLive}>
        {live.retry}
      </button>
    </div>
  );
}
