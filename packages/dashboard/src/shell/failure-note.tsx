import { words } from '../settings/settings.js';
import type { Loaded } from './use-loaded.js';

/** Says why something is not there, with a way to try again. */
export function FailureNote({ of }: { readonly of: Pick<Loaded<unknown>, 'failure' | 'again'> }) {
  if (of.failure === undefined) return null;
  return (
    <p class="failure-note" role="alert">
      {words.value.failed(of.failure)}{' '}
      <button type="button" onClick={of.again}>
        {words.value.again}
      </button>
    </p>
  );
}
