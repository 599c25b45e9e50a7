import { service } from '../live/live-labs.js';
import { words } from '../settings/settings.js';

/** How to ask the API for what is shown. */
export function CurlLine({ url }: { readonly url: string }) {
  const token = service.value?.access.needs_token ? ' -H "Authorization: Bearer $TOKEN"' : '';
  return (
    <details class="card">
      <summary>{words.value.lab.curl}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no pointer must be able to scroll it */}
      <pre tabIndex={0}>{`curl${token} '${window.location.origin}${url}'`}</pre>
    </details>
  );
}
