import { ask } from '../api/client.js';
import { service } from '../live/live-labs.js';
import { words } from '../settings/settings.js';

/** Who is signed in, and the way out. Nothing where no token is needed. */
export function SignOut() {
  const { access } = words.value;
  const signedIn = service.value?.access;
  if (signedIn === undefined || !signedIn.needs_token) return null;
  const signOut = async () => {
    await ask('/session', { method: 'DELETE' }).catch(() => {});
    window.location.assign('/sign-in');
  };
  return (
    <div class="sign-out">
      <span>{access.signedInAs(signedIn.name ?? '?')}</span>
      <button type="button" onClick={signOut}>
        {access.signOut}
      </button>
    </div>
  );
}
