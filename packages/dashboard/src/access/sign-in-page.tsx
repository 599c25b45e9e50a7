import { useSignal } from '@preact/signals';
import { type ApiFailure, ask } from '../api/client.js';
import { retryLive } from '../live/live-labs.js';
import { words } from '../settings/settings.js';

/** Asks for a token once; the service keeps it in a cookie that no script can read. */
export function SignInPage() {
  const { access } = words.value;
  const failure = useSignal('');
  const signIn = async (event: SubmitEvent) => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget as HTMLFormElement).get('token') ?? '').trim();
    try {
      await ask('/session', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token }),
      });
      // The connection of this browser may be one that other pages share.
      retryLive();
      // From the start, with nothing of whoever was here before.
      window.location.assign(window.location.pathname === '/sign-in' ? '/' : window.location.href);
    } catch (error) {
      const { status, message } = error as ApiFailure;
      failure.value = status === 401 ? access.wrong : access.failed(message);
    }
  };
  return (
    <main class="sign-in" id="content">
      <form onSubmit={signIn}>
        <img src="/icon.svg" width="44" height="44" alt="" />
        <h1>{access.title}</h1>
        <p>{access.lead}</p>
        <label>
          {access.token}
          <input name="token" type="password" autocomplete="current-password" required autofocus />
        </label>
        <button type="submit">{access.signIn}</button>
        <p role="alert" class="failure">
          {failure.value}
        </p>
        <p class="hint">{access.kept}</p>
      </form>
    </main>
  );
}
