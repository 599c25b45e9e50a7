import type { Condition } from './condition.js';

/** A shape for each condition, so that nobody needs its colour. */
const SHAPE_OF: Readonly<Record<Condition, string>> = {
  too_warm: 'M6 1.5 11 10.5H1z',
  too_cold: 'M6 10.5 1 1.5h10z',
  too_damp: 'M6 .8c2.4 3 3.7 4.9 3.7 6.6a3.7 3.7 0 0 1-7.4 0C2.3 5.7 3.6 3.8 6 .8z',
  too_dry: 'M1 6 6 1l5 5-5 5z',
  silent: 'M1.5 1.5h3v9h-3zM7.5 1.5h3v9h-3z',
  never: 'M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1zm0 2a3 3 0 1 1 0 6 3 3 0 0 1 0-6z',
  fine: 'M4.6 10 .9 6.2l1.5-1.5 2.2 2.2L9.7 1.900l1.400 1.5z',
  unjudged: 'M6 3.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z',
};

export function ConditionIcon({ condition }: { readonly condition: Condition }) {
  return (
    <svg class="condition-icon" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d={SHAPE_OF[condition]} />
    </svg>
  );
}
