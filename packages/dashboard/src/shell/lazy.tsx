import { signal } from '@preact/signals';
import type { ComponentType, JSX } from 'preact';

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
        // The service was out of reach, or has another version now: the next visit tries again.
        () => {
          begun = false;
        },
      );
    }
    return null;
  };
}
