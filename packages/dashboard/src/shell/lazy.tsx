import { effect, signal } from '@preact/signals';
import type { ComponentType, JSX } from 'preact';
import { link } from '../live/live-labs.js';

/** Until a service that is gone is known to be gone. */
const NOTICED_MS = 5000;

/** A component whose code is loaded when it is first shown. */
export function lazy<P extends object>(
  load: () => Promise<ComponentType<P>>,
): (props: P) => JSX.Element | null {
  const loaded = signal<ComponentType<P> | undefined>(undefined);
  let begun = false;
  return (props: P) => {
    const Loaded = loaded.value;
    if (Loaded !== undefined) return <Loaded {...props} />;
    if (!begun) {
      begun = true;
      load().then(
        (component) => {
          loaded.value = component;
        },
        // The service was out of reach; or it has another version by now, whose files have other names.
        () => setTimeout(reloadWhenLive, NOTICED_MS),
      );
    }
    return null;
  };
}

/** Loads the page anew as soon as there is somebody to load it from. */
function reloadWhenLive(): void {
  effect(() => {
    if (link.value.state === 'live') window.location.reload();
  });
}
