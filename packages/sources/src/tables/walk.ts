import { captured } from '../language/name-pattern.js';
import type { PathStep } from '../language/path.js';
import { type Container, isContainer, isObject, memberOf } from './json-access.js';

/** Where something stands: a member of a container. For explanations. */
export interface Place {
  readonly container: Container;
  readonly key: string | number;
}

/**
 * The first value that steps lead to from `from`; undefined if there is none, and null is none.
 * @param found is called with where it stands, if given.
 */
export function firstAt(
  from: unknown,
  steps: readonly PathStep[],
  at = 0,
  found?: (place: Place) => void,
): unknown {
  let value = from;
  for (let i = at; i < steps.length; i++) {
    const step = steps[i]!;
    if (step.kind === 'member') {
      const container = value;
      value = memberOf(value, step.key);
      if (value === undefined) return undefined;
      if (i === steps.length - 1) found?.({ container: container as Container, key: step.key });
    } else if (step.kind === 'index') {
      const container = value;
      value = Array.isArray(value) ? value[step.index] : undefined;
      if (value === undefined) return undefined;
      if (i === steps.length - 1) found?.({ container: container as Container, key: step.index });
    } else {
      let first: unknown;
      forEachAt(value, step, (member, _name, place) => {
        const inner = firstAt(member, steps, i + 1, found);
        if (inner === undefined || inner === null) return true;
        if (i === steps.length - 1) found?.(place);
        first = inner;
        return false;
      });
      return first;
    }
  }
  return value ?? undefined;
}

/**
 * Visits what one step leads to, with what a capture of the step says.
 * @param visit goes on while it returns true.
 */
export function forEachAt(
  value: unknown,
  step: PathStep,
  visit: (member: unknown, captured: string, place: Place) => boolean,
): void {
  if (!isContainer(value)) return;
  if (step.kind === 'member' || step.kind === 'index') {
    const key = step.kind === 'member' ? step.key : step.index;
    const member = firstAt(value, [step]);
    if (member !== undefined) visit(member, '', { container: value, key });
  } else if (step.kind === 'elements' || step.kind === 'where') {
    if (!Array.isArray(value)) return;
    for (let i = 0; i < value.length; i++) {
      const element: unknown = value[i];
      if (step.kind === 'where' && String(memberOf(element, step.key)) !== step.value) continue;
      if (!visit(element, '', { container: value, key: i })) return;
    }
  } else if (isObject(value)) {
    for (const key of Object.keys(value)) {
      const text = captured(step.pattern, key);
      if (text !== undefined && !visit(value[key], text, { container: value, key })) return;
    }
  }
}
